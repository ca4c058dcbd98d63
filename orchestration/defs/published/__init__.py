"""The dbt stage that makes the tables people open."""
