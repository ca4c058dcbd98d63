with

orders as (

    select * from {{ ref('stg_science__replenishment_order') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

suppliers as (

    select * from {{ ref('dim_supplier') }}

),

item_locations as (

    select * from {{ ref('opt_in__item_location') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    orders.replenishment_order_id,
    orders.item_id,
    items.description as item_description,
    orders.location_id,
    orders.supplier_id,
    suppliers.supplier_name,
    cast(orders.replenish_units as double) as replenish_units,
    orders.lot_count,
    orders.need_date,
    orders.release_date,
    item_locations.moq_scope,
    item_locations.moq_units,
    item_locations.lot_units,
    item_locations.case_pack_units,
    cast(orders.unit_cost as double) as unit_cost,
    cast({{ amount('orders.replenish_units', 'orders.unit_cost') }} as double) as order_value,
    orders.policy_version,
    cast(orders.expected_service_with as double) as expected_service_with,
    cast(orders.expected_service_without as double) as expected_service_without,
    cast(orders.order_gain as double) as order_gain,
    cast(orders.policy_value as double) as policy_value,
    cast(orders.scarcity_charge as double) as scarcity_charge,
    orders.reason_code,
    orders.method,
    orders.status,
    orders.binding_row
from orders
cross join run_context
inner join items on orders.item_id = items.item_id
left join suppliers on orders.supplier_id = suppliers.supplier_id
left join item_locations
    on orders.item_id = item_locations.item_id and orders.location_id = item_locations.location_id
