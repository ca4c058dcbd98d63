with

units as (

    select * from {{ ref('stg_ims__unit') }}

),

resolved as (

    select * from {{ ref('int_units_resolved') }}

),

reconciled as (

    select * from {{ ref('int_units_reconciled') }}

),

items as (

    select * from {{ ref('stg_ims__item') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    units.unit_id,
    units.item_id,
    units.location_id,
    items.category,
    units.unit_status,
    resolved.stock_category,
    resolved.category_group,
    resolved.is_category_known,
    resolved.is_sellable,
    resolved.counts_in_kpi,
    resolved.is_pre_sold,
    resolved.is_held,
    resolved.order_id,
    coalesce(units.network_received_date, units.received_date, units.first_seen_date)
        as network_received_date,
    coalesce(units.received_date, units.network_received_date) as location_received_date,
    units.available_from_date,
    units.last_seen_date,
    units.unit_status = 'at_location'
    and units.last_seen_date is not null
    and units.last_seen_date < run_context.as_of as is_unseen,
    coalesce(units.list_price, items.list_price) as list_price,
    coalesce(units.invoice_cost, items.unit_cost) as unit_cost,
    coalesce(units.model_year, items.model_year) as model_year,
    units.color,
    units.options,
    units.estimated_value,
    units.floorplan_start_date,
    units.floorplan_rate,
    units.floorplan_free_days,
    units.odometer_km,
    units.unit_status <> 'at_location' or reconciled.difference_units = 0 as is_reconciled
from units
cross join run_context
inner join items on units.item_id = items.item_id
inner join resolved on units.unit_id = resolved.unit_id
left join reconciled
    on units.item_id = reconciled.item_id and units.location_id = reconciled.location_id
