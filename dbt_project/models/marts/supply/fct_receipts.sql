with

receipts as (

    select * from {{ ref('stg_ims__receipt') }}

),

supply_orders as (

    select * from {{ ref('stg_ims__supply_order') }}

),

item_locations as (

    select * from {{ ref('int_item_locations_resolved') }}

),

gathered as (

    select
        receipts.receipt_id,
        receipts.item_id,
        receipts.location_id,
        receipts.supply_order_id,
        receipts.line_id,
        -- a receipt that names no supplier comes from its order's, else from the usual one;
        -- what another location sent has none
        case
            when supply_orders.from_location_id is not null then null
            else coalesce(receipts.supplier_id, supply_orders.supplier_id, item_locations.supplier_id)
        end as supplier_id,
        item_locations.category,
        item_locations.region,
        coalesce(receipts.ordered_date, supply_orders.ordered_date) as ordered_date,
        coalesce(receipts.first_expected_date, supply_orders.first_expected_date) as first_expected_date,
        receipts.received_date,
        coalesce(receipts.ordered_units, supply_orders.ordered_units) as ordered_units,
        receipts.received_units,
        receipts.accepted_units,
        coalesce(receipts.is_expedited, supply_orders.is_expedited) as is_expedited
    from receipts
    left join supply_orders
        on
            receipts.supply_order_id = supply_orders.supply_order_id
            and receipts.line_id = supply_orders.line_id
    left join item_locations
        on
            receipts.item_id = item_locations.item_id
            and receipts.location_id = item_locations.location_id

)

select
    receipt_id,
    item_id,
    location_id,
    supply_order_id,
    line_id,
    supplier_id,
    category,
    region,
    ordered_date,
    first_expected_date,
    received_date,
    cast(received_date - ordered_date as bigint) as lead_time_days,
    ordered_units,
    received_units,
    accepted_units,
    is_expedited
from gathered
