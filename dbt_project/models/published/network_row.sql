with

capacities as (

    select * from {{ ref('stg_science__network_row') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    capacities.row_family,
    capacities.row_key,
    cast(capacities.row_capacity as double) as row_capacity,
    cast(capacities.row_use_before as double) as row_use_before,
    cast(capacities.row_use_after as double) as row_use_after,
    cast(capacities.row_price as double) as row_price,
    cast(capacities.row_slack as double) as row_slack,
    cast(capacities.row_slack_price as double) as row_slack_price,
    capacities.is_binding,
    capacities.reason_code,
    capacities.method,
    capacities.status
from capacities
cross join run_context
