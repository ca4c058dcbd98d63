with

units as (

    select
        item_id,
        location_id,
        count(*) as unit_count
    from {{ ref('stg_ims__unit') }}
    where unit_status = 'at_location'
    group by item_id, location_id

),

-- items that are counted unit by unit somewhere
items as (

    select distinct item_id from {{ ref('stg_ims__unit') }}

),

stock as (

    select
        positions.item_id,
        positions.location_id,
        positions.total_units
    from {{ ref('int_stock_positions') }} as positions
    inner join items on positions.item_id = items.item_id

),

reconciled as (

    select
        coalesce(units.item_id, stock.item_id) as item_id,
        coalesce(units.location_id, stock.location_id) as location_id,
        cast(coalesce(units.unit_count, 0) as integer) as unit_count,
        {{ units('coalesce(stock.total_units, 0)') }} as stock_units,
        {{ units('coalesce(units.unit_count, 0) - coalesce(stock.total_units, 0)') }} as difference_units
    from units
    full outer join stock
        on units.item_id = stock.item_id and units.location_id = stock.location_id

)

select * from reconciled
