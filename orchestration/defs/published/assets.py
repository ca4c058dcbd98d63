"""dbt, second stage: what the science decided to the tables people open."""

from orchestration.defs.dbt_stage import dbt_stage_assets

published = dbt_stage_assets("published")
