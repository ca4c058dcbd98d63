"""Balancing and replenishment."""
