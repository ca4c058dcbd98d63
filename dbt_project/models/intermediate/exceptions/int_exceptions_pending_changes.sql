with

changes as (

    select * from {{ ref('stg_science__policy_change') }}

),

planned as (

    select * from {{ ref('int_positions_planned') }}

)

select
    'policy_change_pending' as exception_type,
    'medium' as severity,
    changes.item_id,
    changes.location_id,
    -- carrying, over the horizon, what the change adds or spares
    {{ carrying_over_horizon(money('abs(changes.change_value)'), 'planned.holding_rate') }} as value_at_risk,
    {{ units('abs(changes.new_order_up_to_units - coalesce(changes.old_order_up_to_units, 0))') }}
        as quantity_units,
    'change ' || changes.change_id as reason_code,
    'Order-up-to ' || {{ shown('coalesce(changes.old_order_up_to_units, 0)') }} || ' shall become '
    || {{ shown('changes.new_order_up_to_units') }} || ', by ' || changes.author
    || '; it waits for approval since ' || changes.proposed_date
    || coalesce(' and ends ' || changes.expires_date, '') || '.' as detail,
    'Approve or reject the change in policy_change.' as suggested_action
from changes
inner join planned
    on changes.item_id = planned.item_id and changes.location_id = planned.location_id
where changes.change_state = 'proposed'
