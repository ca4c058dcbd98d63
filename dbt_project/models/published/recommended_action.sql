with

given as (

    select * from {{ ref('int_scorecard_actions') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    given.level,
    given.action_rank,
    given.action,
    given.failing_checks,
    given.cured_checks,
    given.owner_role,
    given.due_from_days,
    given.due_to_days,
    given.due_from_date,
    given.due_to_date
from given
cross join run_context
