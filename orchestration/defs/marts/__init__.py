"""The dbt stage that turns sealed tables into marts and into what the science may read."""
