with

promises as (

    select * from {{ ref('stg_science__atp') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    promises.item_id,
    promises.location_id,
    promises.segment_id,
    promises.from_date,
    promises.atp_units,
    promises.expected_atp_units,
    promises.projected_units,
    promises.discrete_units,
    promises.shortage_units,
    promises.is_shared_pool,
    promises.reason_code,
    promises.method,
    promises.status,
    promises.first_short_date
from promises
cross join run_context
