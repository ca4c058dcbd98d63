with

slots as (

    select * from {{ ref('stg_ims__production_slot') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    slots.plant_id,
    slots.production_line_id,
    slots.week_start_date,
    cast(slots.slot_units as double) as slot_units,
    -- nobody has to build more than can be built
    cast(least(slots.min_slot_units, slots.slot_units) as double) as min_slot_units,
    slots.is_frozen,
    cast(slots.expedite_slot_units as double) as expedite_slot_units,
    cast(slots.expedite_unit_cost as double) as expedite_unit_cost
from slots
cross join run_context
where slots.week_start_date >= date_trunc('week', run_context.as_of)
