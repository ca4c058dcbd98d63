with

states as (

    select * from {{ ref('stg_science__mto_order_status') }}

),

orders as (

    select * from {{ ref('opt_in__mto_order') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    states.order_id,
    orders.model,
    orders.location_id,
    orders.region,
    orders.customer_id,
    orders.order_status,
    states.delay_status,
    states.delay_days,
    states.delay_cause,
    states.milestone_step,
    states.milestone_code,
    states.milestone_number,
    states.reached_at,
    states.predicted_p50_date,
    states.predicted_p90_date,
    states.current_promise_date,
    states.first_promise_date,
    states.handover_date,
    states.at_risk_probability,
    states.cancel_probability,
    states.is_stuck,
    states.is_silent,
    states.is_blocked,
    states.stage_age_days,
    states.stage_limit_days,
    states.silent_days,
    orders.quoted_price,
    states.reason_code,
    states.method,
    states.status
from states
cross join run_context
left join orders on states.order_id = orders.order_id
