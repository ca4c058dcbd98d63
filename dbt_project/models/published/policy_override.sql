with

overrides as (

    select * from {{ ref('stg_science__policy_override') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    overrides.override_id,
    overrides.item_id,
    overrides.location_id,
    overrides.reorder_point_units,
    overrides.order_up_to_units,
    overrides.override_state,
    overrides.author,
    overrides.owner,
    overrides.reason,
    overrides.proposed_date,
    overrides.expires_date,
    overrides.change_value,
    overrides.content_hash,
    overrides.old_reorder_point_units,
    overrides.old_order_up_to_units,
    overrides.effective_from,
    overrides.effective_to,
    overrides.base_reorder_point_units,
    overrides.base_order_up_to_units,
    overrides.approval_rule,
    overrides.approval_rule_text,
    overrides.approver,
    overrides.decided_at,
    overrides.comment,
    overrides.days_to_expiry
from overrides
cross join run_context
