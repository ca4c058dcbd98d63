"""Connectors: whatever the source is, what comes out is named Arrow tables of one business date."""
