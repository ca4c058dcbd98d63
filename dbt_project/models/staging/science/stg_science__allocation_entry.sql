with

source as (

    select * from {{ source('science', 'opt_out__allocation_entry') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        entry_id,
        entry_number,
        event_at,
        operation,
        item_id,
        location_id,
        units,
        effective_units,
        own_units,
        pool_units,
        own_after_units,
        pool_after_units,
        purpose,
        action_id,
        related_by_action_id,
        audit_type,
        actor,
        entry_status,
        reason_code,
        detail,
        segment_id,
        to_segment_id,
        parent_action_id,
        rule_id,
        rule_version,
        reservation_id,
        expires_at,
        due_date,
        source_id
    from source

)

select * from chosen
