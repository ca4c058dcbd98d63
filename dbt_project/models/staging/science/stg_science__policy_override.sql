with

source as (

    select * from {{ source('science', 'opt_out__policy_override') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        override_id,
        item_id,
        location_id,
        reorder_point_units,
        order_up_to_units,
        override_state,
        author,
        owner,
        reason,
        proposed_date,
        expires_date,
        change_value,
        content_hash,
        old_reorder_point_units,
        old_order_up_to_units,
        effective_from,
        effective_to,
        base_reorder_point_units,
        base_order_up_to_units,
        approval_rule,
        approval_rule_text,
        approver,
        decided_at,
        comment,
        days_to_expiry
    from source

)

select * from chosen
