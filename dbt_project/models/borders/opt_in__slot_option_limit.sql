with

limits as (

    select * from {{ ref('stg_ims__slot_option_limit') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    limits.plant_id,
    limits.week_start_date,
    limits.option_id,
    cast(limits.slot_units as double) as slot_units,
    cast(least(limits.min_slot_units, limits.slot_units) as double) as min_slot_units
from limits
cross join run_context
where limits.week_start_date >= date_trunc('week', run_context.as_of)
