{{ config(materialized='table') }}

with

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

positions as (

    select * from {{ ref('int_inventory_positions_netted') }}

),

policies as (

    select * from {{ ref('stg_science__policy') }}

),

protection as (

    select * from {{ ref('stg_science__protection_demand') }}

),

plans as (

    select * from {{ ref('stg_science__position_plan') }}

)

-- one row per planned item-location with everything that the rules below compare
select
    places.item_id,
    places.location_id,
    places.unit_cost,
    places.shortage_cost,
    places.supplier_id,
    positions.on_hand_units,
    positions.on_hand_units - positions.reserved_units as available_units,
    positions.inventory_position_units,
    positions.backorder_units,
    positions.next_expected_date,
    coalesce(protection.mean_units, 0) as protection_demand_units,
    coalesce(protection.mean_units / protection.protection_days, 0) as demand_per_day_units,
    policies.reorder_point_units,
    policies.order_up_to_units,
    policies.change_state,
    policies.change_value,
    policies.reason_code as policy_reason_code,
    coalesce(plans.position_after_units, positions.inventory_position_units) as position_after_units,
    coalesce(plans.reason_code, 'not_planned') as plan_reason_code
from policies
inner join places
    on policies.item_id = places.item_id and policies.location_id = places.location_id
inner join positions
    on policies.item_id = positions.item_id and policies.location_id = positions.location_id
left join protection
    on policies.item_id = protection.item_id and policies.location_id = protection.location_id
left join plans
    on policies.item_id = plans.item_id and policies.location_id = plans.location_id
