with

given as (

    select * from {{ ref('int_scorecard_areas') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    given.area,
    given.area_name,
    given.checks_yes,
    given.checks,
    given.checks_not_evidenced,
    given.share,
    given.rag,
    given.level,
    given.observation,
    given.decision,
    given.decision_owner,
    given.decision_due_date,
    given.previous_checks_yes
from given
cross join run_context
