with

impacts as (

    select * from {{ ref('stg_science__mto_change_impact') }}

),

orders as (

    select * from {{ ref('opt_in__mto_order') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    impacts.change_id,
    impacts.order_id,
    orders.model,
    orders.location_id,
    impacts.change_status,
    impacts.impact_status,
    impacts.needs_approval,
    impacts.p50_delta_days,
    impacts.p90_delta_days,
    impacts.price_delta,
    impacts.cost_delta,
    impacts.affected_order_count,
    impacts.affected_orders,
    impacts.added_options,
    impacts.removed_options,
    impacts.message,
    impacts.version,
    impacts.previous_options,
    impacts.options,
    impacts.reason_code,
    impacts.method,
    impacts.status
from impacts
cross join run_context
left join orders on impacts.order_id = orders.order_id
