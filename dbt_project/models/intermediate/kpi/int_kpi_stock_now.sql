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

unit_ages as (

    select
        item_id,
        location_id,
        sum(unit_cost) as unit_value,
        sum(unit_cost) filter (age_days > {{ var('aged_after_days') }}) as aged_value
    from {{ ref('fct_ageing_units') }}
    group by item_id, location_id

),

layer_ages as (

    select
        item_id,
        location_id,
        sum(layer_value) filter (age_days > {{ var('aged_after_days') }}) as aged_value
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
        positions.on_hand_units - positions.reserved_units as available_units,
        positions.on_hand_units,
        coalesce(unit_ages.unit_value, {{ amount('positions.owned_units', 'positions.unit_cost') }})
            as aged_base_value,
        {{ amount('coalesce(supply.moving_units, 0)', 'positions.unit_cost') }} as moving_value,
        coalesce(unit_ages.aged_value, layer_ages.aged_value, 0) as aged_value
    from positions
    inner join places
        on positions.item_id = places.item_id and positions.location_id = places.location_id
    left join supply
        on positions.item_id = supply.item_id and positions.location_id = supply.location_id
    left join unit_ages
        on positions.item_id = unit_ages.item_id and positions.location_id = unit_ages.location_id
    left join layer_ages
        on positions.item_id = layer_ages.item_id and positions.location_id = layer_ages.location_id

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
    sum(aged_value) as aged_value
from valued
group by grouping sets ((), (location_id), (region), (category))
