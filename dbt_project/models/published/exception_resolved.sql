with

resolved as (

    select * from {{ ref('int_exceptions_resolved') }}

)

select
    as_of,
    exception_id,
    exception_type,
    severity,
    item_id,
    location_id,
    cast(value_at_risk as double) as value_at_risk,
    cast(quantity_units as double) as quantity_units,
    reason_code,
    detail,
    owner_role,
    last_attention,
    first_seen_date,
    last_seen_date,
    days_open,
    last_release_id,
    resolution,
    resolution_detail,
    null_reason
from resolved
