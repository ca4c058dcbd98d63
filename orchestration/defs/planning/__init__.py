"""Scenarios and the annual plan."""
