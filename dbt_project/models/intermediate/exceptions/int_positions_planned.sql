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

),

orders as (

    select * from {{ ref('stg_science__replenishment_order') }}

),

transfers as (

    select * from {{ ref('stg_science__transfer_order') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- what today's plan brings to a place, and takes from it
moves as (

    select
        item_id,
        location_id,
        {{ units('replenish_units') }} as ordered_units,
        {{ units('0') }} as moved_in_units,
        {{ units('0') }} as moved_out_units,
        need_date as arrival_date
    from orders
    union all
    select
        item_id,
        to_location_id as location_id,
        0 as ordered_units,
        {{ units('transfer_units') }} as moved_in_units,
        0 as moved_out_units,
        need_date as arrival_date
    from transfers
    union all
    select
        item_id,
        from_location_id as location_id,
        0 as ordered_units,
        0 as moved_in_units,
        {{ units('transfer_units') }} as moved_out_units,
        null as arrival_date
    from transfers

),

moved as (

    select
        item_id,
        location_id,
        sum(ordered_units) as ordered_units,
        sum(moved_in_units) as moved_in_units,
        sum(moved_out_units) as moved_out_units,
        min(arrival_date) as plan_arrival_date
    from moves
    group by item_id, location_id

),

-- one row per planned item-location with everything that the rules below compare
compared as (

    select
        places.item_id,
        places.location_id,
        places.unit_cost,
        places.shortage_cost,
        places.holding_rate,
        places.supplier_id,
        run_context.as_of,
        positions.on_hand_units,
        positions.on_hand_units - positions.reserved_units as available_units,
        positions.inventory_position_units,
        positions.backorder_units,
        positions.next_expected_date,
        coalesce(protection.mean_units, 0) as protection_demand_units,
        protection.protection_days,
        coalesce(protection.mean_units / protection.protection_days, 0) as demand_per_day_units,
        policies.lead_time_days,
        policies.moq_units,
        policies.lot_units,
        policies.reorder_point_units,
        policies.order_up_to_units,
        policies.change_state,
        policies.change_value,
        policies.reason_code as policy_reason_code,
        coalesce(plans.position_after_units, positions.inventory_position_units) as position_after_units,
        coalesce(plans.reason_code, 'not_planned') as plan_reason_code,
        coalesce(moved.ordered_units, 0) as ordered_units,
        coalesce(moved.moved_in_units, 0) as moved_in_units,
        coalesce(moved.moved_out_units, 0) as moved_out_units,
        moved.plan_arrival_date
    from policies
    cross join run_context
    inner join places
        on policies.item_id = places.item_id and policies.location_id = places.location_id
    inner join positions
        on policies.item_id = positions.item_id and policies.location_id = positions.location_id
    left join protection
        on policies.item_id = protection.item_id and policies.location_id = protection.location_id
    left join plans
        on policies.item_id = plans.item_id and policies.location_id = plans.location_id
    left join moved
        on policies.item_id = moved.item_id and policies.location_id = moved.location_id

)

select
    *,
    -- supply that is due already may come any day; least() and greatest() skip what is unknown
    case
        when coalesce(plan_arrival_date, next_expected_date) is not null
            then greatest(least(plan_arrival_date, next_expected_date), as_of)
    end as next_supply_date,
    -- what cures a shortage: units that the plan, or an earlier one, brings to the place until its position
    -- is back at the reorder point, no later than supply that is ordered today could come
    case
        when position_after_units < reorder_point_units then null
        when moved_in_units > 0 then 'plan_transfer'
        when ordered_units > 0 then 'plan_order'
        when next_expected_date <= as_of + cast(ceil(lead_time_days) as integer) then 'supply_on_its_way'
    end as shortage_cure
from compared
