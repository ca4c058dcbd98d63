"""Milestones of orders: the map of events, and what they say of where each order stands."""
