{{ config(tags=['published'], meta={'dagster': {'ref': {'name': 'policy'}}}) }}

-- Every proposed transfer runs on an allowed lane, every proposed order goes to a known supplier,
-- every row of the plan speaks of an item-location that was planned, and no transfer takes a unit that
-- it does not move.
with

planned as (

    select
        item_id,
        location_id
    from {{ ref('policy') }}

),

transfers as (

    select * from {{ ref('transfer_order') }}

),

transfer_units as (

    select * from {{ ref('transfer_unit') }}

),

orders as (

    select * from {{ ref('replenishment_order') }}

),

lanes as (

    select * from {{ ref('opt_in__lane') }}

),

suppliers as (

    select * from {{ ref('dim_supplier') }}

),

allocations as (

    select * from {{ ref('allocation') }}

),

-- the pool of all locations is one of its planned locations
planned_places as (

    select
        item_id,
        location_id
    from planned
    union all
    select distinct
        item_id,
        '*' as location_id
    from planned

)

select
    'transfer without an allowed lane' as problem,
    transfers.transfer_order_id as row_id
from transfers
anti join lanes
    on
        transfers.from_location_id = lanes.from_location_id
        and transfers.to_location_id = lanes.to_location_id

union all

select
    'unit of no proposed transfer, or from elsewhere' as problem,
    transfer_units.unit_id as row_id
from transfer_units
anti join transfers
    on
        transfer_units.transfer_order_id = transfers.transfer_order_id
        and transfer_units.item_id = transfers.item_id
        and transfer_units.from_location_id = transfers.from_location_id

union all

select
    'transfer with more units than it moves' as problem,
    transfers.transfer_order_id as row_id
from transfers
inner join transfer_units on transfers.transfer_order_id = transfer_units.transfer_order_id
group by transfers.transfer_order_id, transfers.transfer_units
having count(*) > transfers.transfer_units

union all

select
    'order on an unknown supplier' as problem,
    orders.replenishment_order_id as row_id
from orders
anti join suppliers on orders.supplier_id = suppliers.supplier_id
-- an item-location without supply terms is an exception, not an error
where orders.supplier_id <> 'UNASSIGNED'

union all

select
    'order for an item-location that was not planned' as problem,
    orders.replenishment_order_id as row_id
from orders
anti join planned
    on orders.item_id = planned.item_id and orders.location_id = planned.location_id

union all

select
    'allocation of an item-location that was not planned' as problem,
    concat_ws(' ', allocations.item_id, allocations.location_id, allocations.segment_id) as row_id
from allocations
anti join planned_places
    on
        allocations.item_id = planned_places.item_id
        and allocations.location_id = planned_places.location_id
