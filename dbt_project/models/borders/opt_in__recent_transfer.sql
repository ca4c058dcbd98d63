with

movements as (

    select * from {{ ref('fct_movements') }}

),

open_supply as (

    select * from {{ ref('int_supply_open_netted') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

sent as (

    select
        item_id,
        location_id as from_location_id,
        counterpart_location_id as to_location_id,
        'sent' as told_by,
        movement_date as moved_date,
        -quantity_units as moved_units
    from movements
    where movement_type = 'transfer_out'

),

arrived as (

    select
        item_id,
        counterpart_location_id as from_location_id,
        location_id as to_location_id,
        'arrived' as told_by,
        movement_date as moved_date,
        quantity_units as moved_units
    from movements
    where movement_type = 'transfer_in'

),

on_its_way as (

    select
        item_id,
        from_location_id,
        location_id as to_location_id,
        'on_its_way' as told_by,
        ordered_date as moved_date,
        open_units as moved_units
    from open_supply

),

-- one transfer may be told by both of its ends and by its order
told as (

    select
        transfers.item_id,
        transfers.from_location_id,
        transfers.to_location_id,
        transfers.told_by,
        max(transfers.moved_date) as last_moved_date,
        sum(transfers.moved_units) as moved_units
    from (
        select * from sent
        union all
        select * from arrived
        union all
        select * from on_its_way
    ) as transfers
    cross join run_context
    where
        transfers.from_location_id is not null
        and transfers.to_location_id is not null
        and transfers.from_location_id <> transfers.to_location_id
        and transfers.moved_date > run_context.as_of - {{ var('recent_transfer_days') }}
    group by transfers.item_id, transfers.from_location_id, transfers.to_location_id, transfers.told_by

)

select
    item_id,
    from_location_id,
    to_location_id,
    max(last_moved_date) as last_moved_date,
    cast(max(moved_units) as double) as moved_units
from told
group by item_id, from_location_id, to_location_id
having max(moved_units) > 0
