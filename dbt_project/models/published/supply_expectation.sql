with

expectations as (

    select * from {{ ref('stg_science__supply_expectation') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    expectations.supply_order_id,
    expectations.line_id,
    expectations.supplier_id,
    expectations.item_id,
    expectations.location_id,
    cast(expectations.open_units as double) as open_units,
    expectations.stated_date,
    expectations.expected_date,
    expectations.expected_p50_date,
    expectations.expected_p90_date,
    expectations.is_overdue,
    expectations.overdue_days,
    expectations.is_counted,
    expectations.reason_code,
    expectations.method,
    expectations.status
from expectations
cross join run_context
