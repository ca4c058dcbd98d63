with

loads as (

    select * from {{ ref('stg_science__slot_load') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    loads.plant_id,
    loads.production_line_id,
    loads.week_start_date,
    loads.option_id,
    loads.slot_units,
    loads.used_units,
    loads.left_units,
    loads.freed_units,
    loads.slot_price,
    loads.is_frozen,
    loads.is_binding
from loads
cross join run_context
