"""dbt, first stage: sealed tables to marts and to the borders of the science."""

from orchestration.defs.dbt_stage import dbt_stage_assets

marts = dbt_stage_assets("marts")
