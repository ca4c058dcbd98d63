"""Demand: series, classes, forecasts, lead times, and demand over the protection interval."""
