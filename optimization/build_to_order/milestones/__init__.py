"""Milestones of orders: the map of events, where each order stands, and when it will arrive."""
