"""Sealing: the first assets, one per raw table."""
