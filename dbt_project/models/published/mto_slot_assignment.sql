with

slots as (

    select * from {{ ref('stg_science__mto_slot_assignment') }}

),

orders as (

    select * from {{ ref('opt_in__mto_order') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    slots.order_id,
    orders.model,
    orders.location_id,
    orders.region,
    slots.plant_id,
    slots.production_line_id,
    slots.week_start_date,
    slots.previous_week_start_date,
    slots.is_frozen,
    slots.is_moved,
    slots.is_expedited,
    slots.is_promise_broken,
    slots.lateness_days,
    orders.requested_date,
    orders.quoted_price,
    slots.expedite_cost,
    slots.binding_row,
    slots.reason_code,
    slots.method,
    slots.status
from slots
cross join run_context
left join orders on slots.order_id = orders.order_id
