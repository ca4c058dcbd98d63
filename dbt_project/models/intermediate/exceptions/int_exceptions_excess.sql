with

planned as (

    select * from {{ ref('int_positions_planned') }}

)

select
    'excess' as exception_type,
    'medium' as severity,
    item_id,
    location_id,
    {{ amount('least(on_hand_units, inventory_position_units - order_up_to_units)', 'unit_cost') }}
        as value_at_risk,
    least(on_hand_units, inventory_position_units - order_up_to_units) as quantity_units,
    'position_far_above_order_up_to' as reason_code,
    'Position ' || {{ shown('inventory_position_units') }} || ' against order-up-to '
    || {{ shown('order_up_to_units') }} || '.' as detail,
    'Move it where it sells, return it, or stop what is on order.' as suggested_action
from planned
where
    on_hand_units > 0
    and inventory_position_units > order_up_to_units * {{ var('excess_factor') }}
    and inventory_position_units > demand_per_day_units * {{ var('excess_cover_days') }}
