with

receipts as (

    select * from {{ ref('fct_receipts') }}

),

open_supply as (

    select * from {{ ref('int_supply_open_netted') }}

),

item_locations as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    coalesce(receipts.supply_order_id, receipts.receipt_id) as supply_order_id,
    coalesce(receipts.line_id, '') as line_id,
    receipts.receipt_id,
    receipts.supplier_id,
    receipts.item_id,
    receipts.location_id,
    receipts.category,
    receipts.ordered_date,
    cast(receipts.lead_time_days as double) as lead_time_days,
    false as is_censored
from receipts
cross join run_context
where
    receipts.supplier_id is not null
    and receipts.category is not null
    and receipts.lead_time_days >= 0
    and receipts.received_date >= run_context.history_start_date

union all

select
    open_supply.supply_order_id,
    open_supply.line_id,
    'OPEN' as receipt_id,
    coalesce(open_supply.supplier_id, item_locations.supplier_id) as supplier_id,
    open_supply.item_id,
    open_supply.location_id,
    item_locations.category,
    open_supply.ordered_date,
    cast(run_context.as_of - open_supply.ordered_date as double) as lead_time_days,
    true as is_censored
from open_supply
cross join run_context
inner join item_locations
    on
        open_supply.item_id = item_locations.item_id
        and open_supply.location_id = item_locations.location_id
where open_supply.from_location_id is null
