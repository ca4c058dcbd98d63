with

rules as (

    select * from {{ ref('stg_ims__allocation_rule') }}

)

select
    plan_id,
    plan_version_number,
    rule_id,
    rule_version,
    segment_id,
    plan_state,
    author,
    effective_from,
    rule_rank,
    segment_rank,
    allocation_strategy,
    effective_to,
    item_id,
    category,
    location_id,
    region,
    condition_from,
    condition_to,
    share_pct,
    cast(fixed_units as double) as fixed_units,
    cast(min_units as double) as min_units,
    cast(max_units as double) as max_units,
    weight_expression,
    interval_hours,
    freeze_from,
    freeze_to,
    cast(min_benefit as double) as min_benefit,
    cast(band_units as double) as band_units,
    cast(band_share as double) as band_share,
    pool_mode,
    residue,
    non_participants
from rules
