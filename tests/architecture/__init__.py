"""What may not change unseen: who imports whom, and what Dagster loads."""
