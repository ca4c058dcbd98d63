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
    entries.purpose,
    entries.action_id,
    entries.parent_action_id,
    entries.related_by_action_id,
    entries.audit_type,
    entries.actor,
    -- what an auditor reads first: by which rule, how much to whom, and what the record holds beside
    concat_ws(
        '; ',
        'rule ' || entries.rule_id || coalesce(' version ' || entries.rule_version, ''),
        entries.operation || ' ' || {{ shown('entries.units') }}
        || coalesce(' of ' || entries.segment_id, '')
        || coalesce(' to ' || entries.to_segment_id, ''),
        case
            when entries.entry_status = 'rejected' then 'rejected: ' || entries.reason_code
            else
                'own quota then ' || {{ shown('entries.own_after_units') }}
                || ', common pool ' || {{ shown('entries.pool_after_units') }}
        end,
        'reservation ' || entries.reservation_id,
        nullif(entries.detail, '')
    ) as audit_details,
    entries.item_id,
    entries.location_id,
    coalesce(entries.segment_id, 'POOL') as segment_id,
    entries.to_segment_id,
    entries.units,
    entries.effective_units,
    entries.own_after_units,
    entries.pool_after_units,
    entries.rule_id,
    entries.rule_version,
    entries.entry_status,
    entries.reason_code,
    entries.source_id,
    run_context.snapshot_id
from entries
cross join run_context
