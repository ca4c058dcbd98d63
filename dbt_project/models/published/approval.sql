with

approvals as (

    select * from {{ ref('stg_science__approval') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    approvals.event_id,
    approvals.ledger_seq,
    approvals.event_at,
    approvals.business_date,
    approvals.subject_type,
    approvals.subject,
    approvals.decided_what,
    approvals.actor,
    approvals.actor_role,
    approvals.is_effective,
    approvals.item_id,
    approvals.location_id,
    approvals.author,
    approvals.content_hash,
    approvals.comment,
    approvals.refusal_reason,
    approvals.recorded_by
from approvals
cross join run_context
