"""Vehicles: which configurations to stock where, in whole units."""
