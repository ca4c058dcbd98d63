with

given as (

    select * from {{ ref('int_scorecard_checks') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    given.check_number,
    given.area,
    given.area_name,
    given.question,
    given.status,
    given.score,
    given.value,
    given.threshold,
    given.unit,
    given.evidence_rows,
    given.evidence_table,
    given.evidence_query,
    given.null_reason,
    given.owner_role,
    given.observation,
    given.is_observed_by_person,
    given.decision,
    given.decision_owner,
    given.decision_due_date,
    given.previous_status,
    given.earlier_releases,
    given.earlier_yes
from given
cross join run_context
