with

source as (

    select * from {{ source('science', 'opt_out__policy_change') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        change_id,
        item_id,
        location_id,
        change_kind,
        change_state,
        author,
        new_reorder_point_units,
        new_order_up_to_units,
        reorder_point_units,
        order_up_to_units,
        proposed_reorder_point_units,
        proposed_order_up_to_units,
        change_value,
        proposed_date,
        inputs_hash,
        content_hash,
        reason_code,
        method,
        status,
        old_reorder_point_units,
        old_order_up_to_units,
        approval_rule,
        approval_rule_text,
        approver,
        decided_at,
        reason,
        comment,
        owner,
        expires_date,
        days_pending
    from source

)

select * from chosen
