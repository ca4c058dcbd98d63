with

item_locations as (

    select * from {{ ref('int_item_locations_resolved') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

suppliers as (

    select * from {{ ref('dim_supplier') }}

),

positions as (

    select * from {{ ref('int_inventory_positions_netted') }}

),

ages as (

    select
        item_id,
        location_id,
        max(age_days) as oldest_age_days,
        sum(held_units) filter (age_days > {{ var('aged_after_days') }}) as aged_units
    from (
        select
            item_id,
            location_id,
            age_days,
            1 as held_units
        from {{ ref('fct_ageing_units') }}
        union all
        select
            item_id,
            location_id,
            age_days,
            layer_units as held_units
        from {{ ref('fct_ageing_layers') }}
    ) as ages_of_both
    group by item_id, location_id

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    item_locations.item_id,
    item_locations.location_id,
    run_context.as_of,
    item_locations.item_kind,
    item_locations.category,
    item_locations.region,
    item_locations.is_integer,
    cast(item_locations.unit_cost as double) as unit_cost,
    cast(positions.on_hand_units as double) as on_hand_units,
    cast(positions.reserved_units as double) as reserved_units,
    cast(positions.on_order_units as double) as on_order_units,
    cast(positions.in_transit_units as double) as in_transit_units,
    cast(positions.backorder_units as double) as backorder_units,
    cast(positions.inventory_position_units as double) as inventory_position_units,
    item_locations.stockout_behaviour,
    cast(item_locations.service_target as double) as service_target,
    item_locations.service_metric,
    cast(item_locations.holding_rate as double) as holding_rate,
    cast(item_locations.shortage_cost as double) as shortage_cost,
    item_locations.review_days,
    item_locations.supplier_id,
    cast(item_locations.lead_time_days as double) as lead_time_days,
    cast(item_locations.order_cost as double) as order_cost,
    cast(item_locations.moq_units as double) as moq_units,
    cast(item_locations.lot_units as double) as lot_units,
    cast(item_locations.display_min_units as double) as display_min_units,
    coalesce(ages.oldest_age_days, 0) as oldest_age_days,
    item_locations.lifecycle_status,
    item_locations.last_order_date,
    item_locations.first_demand_date,
    items.intro_date,
    items.model,
    items.trim,
    items.powertrain,
    items.model_year,
    items.criticality,
    cast(items.list_price as double) as list_price,
    cast(items.shelf_life_days as double) as shelf_life_days,
    item_locations.moq_scope,
    cast(item_locations.case_pack_units as double) as case_pack_units,
    cast(item_locations.current_min_units as double) as current_min_units,
    cast(item_locations.current_max_units as double) as current_max_units,
    cast(suppliers.min_order_value as double) as min_order_value,
    cast(items.volume_m3 as double) as volume_m3,
    cast(coalesce(ages.aged_units, 0) as double) as aged_units
from item_locations
cross join run_context
inner join items on item_locations.item_id = items.item_id
inner join positions
    on
        item_locations.item_id = positions.item_id
        and item_locations.location_id = positions.location_id
left join ages
    on item_locations.item_id = ages.item_id and item_locations.location_id = ages.location_id
left join suppliers on item_locations.supplier_id = suppliers.supplier_id
where item_locations.is_ranged
