with

orders as (

    select * from {{ ref('opt_in__segment_order') }}

),

segments as (

    select * from {{ ref('dim_segment') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    orders.order_id,
    orders.line_id,
    orders.item_id,
    orders.location_id,
    orders.segment_id,
    segments.segment_name,
    segments.priority_tier,
    orders.segment_reason,
    orders.order_date,
    orders.requested_date,
    orders.requested_units
from orders
cross join run_context
left join segments on orders.segment_id = segments.segment_id
