with

receipts as (

    select * from {{ ref('fct_receipts') }}

),

supply_orders as (

    select * from {{ ref('stg_ims__supply_order') }}

),

open_supply as (

    select * from {{ ref('int_supply_open_netted') }}

),

item_locations as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

received as (

    select
        coalesce(receipts.supply_order_id, receipts.receipt_id) as supply_order_id,
        coalesce(receipts.line_id, '') as line_id,
        min(receipts.supplier_id) as supplier_id,
        min(receipts.item_id) as item_id,
        min(receipts.location_id) as location_id,
        min(receipts.ordered_date) as ordered_date,
        min(receipts.first_expected_date) as first_expected_date,
        max(receipts.received_date) as last_received_date,
        max(receipts.ordered_units) as ordered_units,
        sum(receipts.received_units) as received_units,
        sum(receipts.accepted_units) as accepted_units
    from receipts
    cross join run_context
    where
        receipts.supplier_id is not null
        and receipts.received_date >= run_context.history_start_date
    group by 1, 2

),

-- a line that the source lists, from a supplier; a cancelled one says nothing about it
listed as (

    select
        supply_orders.supply_order_id,
        supply_orders.line_id,
        coalesce(supply_orders.supplier_id, item_locations.supplier_id) as supplier_id,
        supply_orders.item_id,
        supply_orders.location_id,
        supply_orders.ordered_date,
        supply_orders.first_expected_date,
        supply_orders.ordered_units,
        supply_orders.supply_status,
        open_supply.supply_order_id is not null as is_open
    from supply_orders
    left join open_supply
        on
            supply_orders.supply_order_id = open_supply.supply_order_id
            and supply_orders.line_id = open_supply.line_id
    left join item_locations
        on
            supply_orders.item_id = item_locations.item_id
            and supply_orders.location_id = item_locations.location_id
    where supply_orders.from_location_id is null

),

lines as (

    select
        coalesce(received.supply_order_id, listed.supply_order_id) as supply_order_id,
        coalesce(received.line_id, listed.line_id) as line_id,
        coalesce(received.supplier_id, listed.supplier_id) as supplier_id,
        coalesce(received.item_id, listed.item_id) as item_id,
        coalesce(received.location_id, listed.location_id) as location_id,
        coalesce(received.received_units, 0) as received_units,
        coalesce(received.accepted_units, 0) as accepted_units,
        coalesce(listed.is_open, false) as is_open,
        coalesce(received.ordered_date, listed.ordered_date) as ordered_date,
        coalesce(received.first_expected_date, listed.first_expected_date) as first_expected_date,
        received.last_received_date,
        -- what the buyer cancelled was not held back by the supplier
        case
            when listed.supply_status = 'cancelled' then null
            else coalesce(received.ordered_units, listed.ordered_units)
        end as ordered_units
    from received
    full outer join listed
        on received.supply_order_id = listed.supply_order_id and received.line_id = listed.line_id
    where received.supply_order_id is not null or listed.is_open or listed.supply_status = 'closed'

)

select
    supply_order_id,
    line_id,
    supplier_id,
    item_id,
    location_id,
    cast(received_units as double) as received_units,
    cast(accepted_units as double) as accepted_units,
    is_open,
    ordered_date,
    first_expected_date,
    last_received_date,
    -- an order of nothing has no share that came
    case when ordered_units > 0 then cast(ordered_units as double) end as ordered_units
from lines
where supplier_id is not null
