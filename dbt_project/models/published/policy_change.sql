with

changes as (

    select * from {{ ref('stg_science__policy_change') }}

),

reasons as (

    select * from {{ ref('stg_science__policy_reason') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    changes.change_id,
    changes.item_id,
    changes.location_id,
    changes.change_kind,
    changes.change_state,
    changes.author,
    changes.new_reorder_point_units,
    changes.new_order_up_to_units,
    changes.reorder_point_units,
    changes.order_up_to_units,
    changes.old_reorder_point_units as previous_reorder_point_units,
    changes.old_order_up_to_units as previous_order_up_to_units,
    changes.proposed_reorder_point_units,
    changes.proposed_order_up_to_units,
    changes.change_value,
    changes.proposed_date,
    changes.inputs_hash,
    changes.content_hash,
    changes.reason_code,
    changes.method,
    changes.status,
    changes.old_reorder_point_units,
    changes.old_order_up_to_units,
    changes.approval_rule,
    changes.approval_rule_text,
    changes.approver,
    changes.decided_at,
    changes.reason,
    changes.comment,
    changes.owner,
    changes.expires_date,
    changes.days_pending,
    reasons.main_driver
from changes
cross join run_context
left join reasons
    on
        changes.item_id = reasons.item_id
        and changes.location_id = reasons.location_id
        and reasons.policy_number = 'order_up_to'
        and reasons.driver_rank = 1
