with

positions as (

    select * from {{ ref('int_inventory_positions_netted') }}

)

select
    item_id,
    location_id,
    is_ranged,
    on_hand_units,
    reserved_units,
    owned_units,
    on_order_units,
    in_transit_units,
    overdue_units,
    next_expected_date,
    backorder_units,
    inventory_position_units,
    {{ amount('owned_units', 'unit_cost') }} as owned_value
from positions
