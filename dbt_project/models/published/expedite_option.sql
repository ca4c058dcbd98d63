with

options as (

    select * from {{ ref('stg_science__expedite_option') }}

),

orders as (

    select * from {{ ref('opt_in__mto_order') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    options.order_id,
    options.expedite_rank,
    orders.model,
    orders.location_id,
    options.plant_id,
    options.production_line_id,
    options.week_start_date,
    options.days_saved,
    options.expedite_cost,
    options.is_expedited,
    options.affected_order_count,
    options.affected_orders,
    options.reason_code
from options
cross join run_context
left join orders on options.order_id = orders.order_id
