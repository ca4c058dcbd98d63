"""Scarce stock to customer segments."""
