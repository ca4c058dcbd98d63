"""What keeps an installation going between the days: Dagster's home, dead runs, old runs, alerts.

Nothing here touches what is published.
"""
