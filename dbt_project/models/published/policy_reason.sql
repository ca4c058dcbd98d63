with

reasons as (

    select * from {{ ref('stg_science__policy_reason') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    reasons.item_id,
    reasons.location_id,
    reasons.policy_number,
    reasons.driver,
    reasons.driver_units,
    reasons.old_units,
    reasons.new_units,
    reasons.driver_rank,
    reasons.main_driver,
    reasons.is_pending,
    reasons.reason_code,
    reasons.method,
    reasons.status
from reasons
cross join run_context
