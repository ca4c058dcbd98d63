with

prices as (

    select * from {{ ref('stg_science__annual_plan_price') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    prices.month_start_date,
    prices.resource,
    prices.resource_scope,
    prices.is_binding,
    prices.method,
    prices.status,
    prices.resource_limit,
    prices.resource_use,
    prices.shadow_price,
    prices.null_reason
from prices
cross join run_context
