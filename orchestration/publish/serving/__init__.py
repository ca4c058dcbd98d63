"""Releases in PostgreSQL, for whoever reads with SQL: schema, loading, the pointer, retention, checks."""
