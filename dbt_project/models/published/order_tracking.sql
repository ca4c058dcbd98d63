with

tracked as (

    select * from {{ ref('stg_science__order_tracking') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    tracked.tracking_id,
    tracked.milestone_step,
    tracked.milestone_name,
    tracked.delay_status,
    tracked.current_promise_date,
    tracked.predicted_p50_date,
    tracked.handover_date,
    tracked.reached_at,
    tracked.model,
    tracked.message
from tracked
cross join run_context
