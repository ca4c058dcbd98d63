with

units as (

    select * from {{ ref('fct_units') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

locations as (

    select * from {{ ref('dim_location') }}

),

-- the open line that a unit on its way comes with; of several the one that is due first
supply_lines as (

    select
        supply_orders.unit_id,
        open_supply.supply_order_id,
        open_supply.line_id
    from {{ ref('stg_ims__supply_order') }} as supply_orders
    inner join {{ ref('int_supply_open_netted') }} as open_supply
        on
            supply_orders.supply_order_id = open_supply.supply_order_id
            and supply_orders.line_id = open_supply.line_id
    where supply_orders.unit_id is not null
    qualify row_number() over (
        partition by supply_orders.unit_id
        order by open_supply.expected_date, open_supply.supply_order_id, open_supply.line_id
    ) = 1

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    units.unit_id,
    units.item_id,
    units.location_id,
    locations.region,
    units.category,
    units.unit_status,
    units.stock_category,
    units.category_group,
    units.is_sellable,
    units.counts_in_kpi,
    units.is_pre_sold,
    units.is_held,
    coalesce(units.is_unseen, false) as is_unseen,
    cast(units.unit_cost as double) as unit_cost,
    cast(
        coalesce(locations.preparation_days, {{ var('unstated_preparation_days') }}) as double
    ) as preparation_days,
    cast(locations.latitude as double) as latitude,
    cast(locations.longitude as double) as longitude,
    items.model,
    items.trim,
    items.powertrain,
    units.color,
    units.options,
    units.model_year,
    cast(units.list_price as double) as list_price,
    cast(units.estimated_value as double) as estimated_value,
    units.network_received_date,
    units.location_received_date as received_date,
    units.available_from_date,
    cast(run_context.as_of - units.network_received_date as bigint) as age_days,
    cast(run_context.as_of - units.location_received_date as bigint) as location_age_days,
    units.floorplan_start_date,
    cast(units.floorplan_rate as double) as floorplan_rate,
    units.floorplan_free_days,
    supply_lines.supply_order_id,
    supply_lines.line_id,
    units.order_id
from units
cross join run_context
inner join items on units.item_id = items.item_id
inner join locations on units.location_id = locations.location_id
left join supply_lines on units.unit_id = supply_lines.unit_id
where units.unit_status <> 'sold'
