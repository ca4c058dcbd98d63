"""The stock policy."""
