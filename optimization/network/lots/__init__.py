"""Lots, minima and fixed charges: what no linear price settles."""
