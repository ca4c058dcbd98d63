"""The vehicle mix."""
