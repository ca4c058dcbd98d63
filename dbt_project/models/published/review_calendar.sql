with

cycles as (

    select * from {{ ref('stg_science__review_calendar') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    cycles.cycle_number,
    cycles.cycle_start_date,
    cycles.cycle_end_date,
    cycles.grace_end_date,
    cycles.review_state,
    cycles.completed_date,
    cycles.completed_by,
    cycles.days_late,
    cycles.comment
from cycles
cross join run_context
