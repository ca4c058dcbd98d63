with

entries as (

    select * from {{ ref('stg_science__allocation_entry') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    entries.entry_id,
    entries.entry_number,
    entries.event_at,
    entries.operation,
    entries.item_id,
    entries.location_id,
    entries.units,
    entries.effective_units,
    entries.own_units,
    entries.pool_units,
    entries.own_after_units,
    entries.pool_after_units,
    entries.purpose,
    entries.action_id,
    entries.related_by_action_id,
    entries.audit_type,
    entries.actor,
    entries.entry_status,
    entries.reason_code,
    entries.detail,
    entries.segment_id,
    entries.to_segment_id,
    entries.parent_action_id,
    entries.rule_id,
    entries.rule_version,
    entries.reservation_id,
    entries.expires_at,
    entries.due_date,
    entries.source_id
from entries
cross join run_context
