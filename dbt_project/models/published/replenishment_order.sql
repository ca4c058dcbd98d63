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
    orders.release_date,
    orders.need_date,
    cast(orders.unit_cost as double) as unit_cost,
    cast({{ amount('orders.replenish_units', 'orders.unit_cost') }} as double) as order_value,
    orders.reason_code,
    orders.method,
    orders.status
from orders
cross join run_context
inner join items on orders.item_id = items.item_id
left join suppliers on orders.supplier_id = suppliers.supplier_id
