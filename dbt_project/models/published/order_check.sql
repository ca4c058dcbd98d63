with

checks as (

    select * from {{ ref('stg_science__order_check') }}

),

orders as (

    select * from {{ ref('opt_in__mto_order') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    checks.order_id,
    checks.check_number,
    checks.check_kind,
    checks.message,
    orders.model,
    orders.market,
    orders.location_id,
    orders.order_status,
    checks.involved_options,
    checks.added_options,
    checks.removed_options,
    checks.price_delta,
    checks.rule_id,
    checks.rule_version,
    checks.rule_type,
    checks.reason_code
from checks
cross join run_context
left join orders on checks.order_id = orders.order_id
