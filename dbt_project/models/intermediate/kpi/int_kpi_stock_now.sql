with

positions as (

    select * from {{ ref('int_inventory_positions_netted') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

supply as (

    select
        item_id,
        location_id,
        sum(open_units) as moving_units
    from {{ ref('int_supply_open_netted') }}
    where from_location_id is not null and supply_status = 'in_transit'
    group by item_id, location_id

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- what could be sold and does not count, and what a lender has paid for
unit_terms as (

    select
        units.item_id,
        units.location_id,
        count(*) filter (
            units.is_sellable and not units.counts_in_kpi and not units.is_pre_sold and not units.is_held
        ) as uncounted_units,
        sum(units.unit_cost) filter (units.floorplan_start_date <= run_context.as_of) as financed_value
    from {{ ref('fct_units') }} as units
    cross join run_context
    where units.unit_status = 'at_location'
    group by units.item_id, units.location_id

),

last_demand as (

    select
        item_id,
        location_id,
        max(demand_date) as last_demand_date
    from {{ ref('int_demand_daily') }}
    where demand_units > 0
    group by item_id, location_id

),

unit_ages as (

    select
        item_id,
        location_id,
        sum(unit_cost) as unit_value,
        sum(unit_cost) filter (age_days > {{ var('aged_after_days') }}) as aged_value,
        sum(unit_cost) filter (age_days > {{ var('obsolete_after_days') }}) as old_value
    from {{ ref('fct_ageing_units') }}
    group by item_id, location_id

),

layer_ages as (

    select
        item_id,
        location_id,
        sum(layer_value) filter (age_days > {{ var('aged_after_days') }}) as aged_value,
        sum(layer_value) filter (age_days > {{ var('obsolete_after_days') }}) as old_value
    from {{ ref('fct_ageing_layers') }}
    group by item_id, location_id

),

-- stock that is owned, at cost: a unit at its own invoice, the rest at the item's cost, and what is
-- on its way between two of our locations
valued as (

    select
        places.location_id,
        places.region,
        places.category,
        greatest(
            positions.on_hand_units - positions.reserved_units - coalesce(unit_terms.uncounted_units, 0), 0
        ) as available_units,
        positions.on_hand_units,
        coalesce(unit_ages.unit_value, {{ amount('positions.owned_units', 'positions.unit_cost') }})
            as aged_base_value,
        {{ amount('coalesce(supply.moving_units, 0)', 'positions.unit_cost') }} as moving_value,
        coalesce(unit_ages.aged_value, layer_ages.aged_value, 0) as aged_value,
        coalesce(unit_ages.old_value, layer_ages.old_value, 0) as old_value,
        coalesce(unit_terms.financed_value, 0) as financed_value,
        coalesce(
            last_demand.last_demand_date >= run_context.as_of - {{ var('obsolete_after_days') }}, false
        ) as is_asked_for
    from positions
    cross join run_context
    inner join places
        on positions.item_id = places.item_id and positions.location_id = places.location_id
    left join supply
        on positions.item_id = supply.item_id and positions.location_id = supply.location_id
    left join unit_ages
        on positions.item_id = unit_ages.item_id and positions.location_id = unit_ages.location_id
    left join layer_ages
        on positions.item_id = layer_ages.item_id and positions.location_id = layer_ages.location_id
    left join unit_terms
        on positions.item_id = unit_terms.item_id and positions.location_id = unit_terms.location_id
    left join last_demand
        on positions.item_id = last_demand.item_id and positions.location_id = last_demand.location_id

)

select
    case
        when grouping(location_id) = 0 then 'location'
        when grouping(region) = 0 then 'region'
        when grouping(category) = 0 then 'category'
        else 'network'
    end as scope_type,
    coalesce(location_id, region, category, '*') as scope_id,
    count(*) as item_locations,
    sum(available_units) as available_units,
    sum(on_hand_units) as on_hand_units,
    sum(aged_base_value + moving_value) as investment_value,
    sum(aged_base_value) as aged_base_value,
    sum(aged_value) as aged_value,
    -- some of it is old and nobody asks for any: all of it is obsolete; else the old alone
    sum(case when old_value > 0 and not is_asked_for then aged_base_value else old_value end)
        as obsolete_value,
    sum(financed_value) as financed_value
from valued
group by grouping sets ((), (location_id), (region), (category))
