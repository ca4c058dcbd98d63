"""Demand classes, forecasts, lead times and demand over the protection interval."""
