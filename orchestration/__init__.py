"""The pipeline around the science: connectors, lake, Dagster wiring, release, evidence, CLI."""
