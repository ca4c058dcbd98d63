with

steps as (

    select * from {{ ref('stg_science__mto_step') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    steps.order_id,
    steps.milestone_step,
    steps.milestone_number,
    steps.milestone_code,
    steps.milestone_name,
    steps.milestone_state,
    steps.planned_date,
    steps.reached_at,
    steps.predicted_p50_date,
    steps.predicted_p90_date,
    steps.event_id
from steps
cross join run_context
