with

positions as (

    select * from {{ ref('fct_inventory_position') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

policies as (

    select * from {{ ref('stg_science__policy') }}

),

plans as (

    select * from {{ ref('stg_science__position_plan') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    positions.item_id,
    positions.location_id,
    places.category,
    places.region,
    positions.is_ranged,
    cast(positions.on_hand_units as double) as on_hand_units,
    cast(positions.reserved_units as double) as reserved_units,
    cast(positions.on_order_units as double) as on_order_units,
    cast(positions.in_transit_units as double) as in_transit_units,
    cast(positions.overdue_units as double) as overdue_units,
    positions.next_expected_date,
    cast(positions.backorder_units as double) as backorder_units,
    cast(positions.inventory_position_units as double) as inventory_position_units,
    cast(positions.owned_units as double) as owned_units,
    cast(positions.owned_value as double) as owned_value,
    cast(policies.reorder_point_units as double) as reorder_point_units,
    cast(policies.order_up_to_units as double) as order_up_to_units,
    cast(plans.position_after_units as double) as position_after_units,
    cast(plans.expected_cost_before as double) as expected_cost_before,
    cast(plans.expected_cost_after as double) as expected_cost_after,
    plans.reason_code,
    plans.method,
    plans.status
from positions
cross join run_context
inner join places
    on positions.item_id = places.item_id and positions.location_id = places.location_id
left join policies
    on positions.item_id = policies.item_id and positions.location_id = policies.location_id
left join plans
    on positions.item_id = plans.item_id and positions.location_id = plans.location_id
