{% set cover_days = 'coalesce(inventory_position_units / nullif(demand_per_day_units, 0), 365)' %}

with

planned as (

    select * from {{ ref('int_positions_planned') }}

)

select
    'excess' as exception_type,
    'medium' as severity,
    item_id,
    location_id,
    -- carrying what is too much until it is sold, over the horizon at most
    {{ carrying_over_horizon(
        amount('least(on_hand_units, inventory_position_units - order_up_to_units)', 'unit_cost'),
        'holding_rate',
        cover_days
    ) }} as value_at_risk,
    least(on_hand_units, inventory_position_units - order_up_to_units) as quantity_units,
    'position_far_above_order_up_to' as reason_code,
    'Position ' || {{ shown('inventory_position_units') }} || ' against order-up-to '
    || {{ shown('order_up_to_units') }} || '.' as detail,
    case
        when moved_out_units >= least(on_hand_units, inventory_position_units - order_up_to_units)
            then 'Release the transfers proposed today; they take it where it sells.'
        else 'Move it where it sells, return it, or stop what is on order.'
    end as suggested_action,
    case
        when moved_out_units >= least(on_hand_units, inventory_position_units - order_up_to_units)
            then 'plan_transfer'
    end as handled_by
from planned
where
    on_hand_units > 0
    and inventory_position_units > order_up_to_units * {{ var('excess_factor') }}
    and inventory_position_units > demand_per_day_units * {{ var('excess_cover_days') }}
