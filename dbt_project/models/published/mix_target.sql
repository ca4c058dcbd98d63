with

targets as (

    select * from {{ ref('stg_science__mix_target') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    targets.mix_level,
    targets.location_id,
    targets.model,
    targets.item_id,
    cast(targets.mix_share as double) as mix_share,
    cast(targets.mean_units as double) as mean_units,
    cast(targets.target_units as double) as target_units,
    cast(targets.on_hand_units as double) as on_hand_units,
    cast(targets.inventory_position_units as double) as inventory_position_units,
    cast(targets.gap_units as double) as gap_units,
    targets.reason_code,
    targets.method,
    targets.status
from targets
cross join run_context
