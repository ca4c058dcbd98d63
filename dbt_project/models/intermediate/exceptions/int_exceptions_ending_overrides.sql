with

overrides as (

    select * from {{ ref('stg_science__policy_override') }}

),

planned as (

    select * from {{ ref('int_positions_planned') }}

)

select
    'override_expiring' as exception_type,
    'low' as severity,
    overrides.item_id,
    overrides.location_id,
    -- carrying, over the horizon, what the levels go back by
    {{ carrying_over_horizon(money('abs(overrides.change_value)'), 'planned.holding_rate') }}
        as value_at_risk,
    {{ units('abs(overrides.order_up_to_units - coalesce(overrides.base_order_up_to_units, 0))') }}
        as quantity_units,
    'override ' || overrides.override_id as reason_code,
    'The override of ' || overrides.owner || ' (order-up-to ' || {{ shown('overrides.order_up_to_units') }}
    || ') ends ' || overrides.expires_date || ': ' || rtrim(overrides.reason, '.') || '.' as detail,
    'Let it end, or propose it anew with a later end.' as suggested_action
from overrides
inner join planned
    on overrides.item_id = planned.item_id and overrides.location_id = planned.location_id
where
    overrides.override_state = 'active'
    and overrides.days_to_expiry <= {{ var('override_ending_days') }}
