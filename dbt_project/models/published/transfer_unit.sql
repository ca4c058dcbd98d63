with

units as (

    select * from {{ ref('stg_science__transfer_unit') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    units.unit_id,
    units.transfer_order_id,
    units.item_id,
    units.from_location_id,
    units.to_location_id,
    units.reason_code,
    units.method,
    units.status,
    units.age_days
from units
cross join run_context
