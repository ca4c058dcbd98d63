with

planned as (

    select * from {{ ref('int_positions_planned') }}

)

select
    'policy_change_pending' as exception_type,
    'medium' as severity,
    item_id,
    location_id,
    -- a year's carrying of what the change adds or spares
    {{ amount('abs(change_value)', 'holding_rate') }} as value_at_risk,
    cast(null as decimal(18, 3)) as quantity_units,
    policy_reason_code as reason_code,
    'A changed policy waits for approval.' as detail,
    'Approve or reject the change in policy_change.' as suggested_action
from planned
where change_state = 'proposed'
