with

movements as (

    select
        item_id,
        location_id,
        balance_units
    from {{ ref('int_stock_spells') }}
    qualify row_number() over (
        partition by item_id, location_id
        order by valid_from desc
    ) = 1

),

stock as (

    select * from {{ ref('int_stock_positions') }}

),

items as (

    select * from {{ ref('stg_ims__item') }}

),

-- without movements there is nothing to balance
movements_recorded as (

    select count(*) > 0 as is_recorded from movements

),

compared as (

    select
        coalesce(movements.item_id, stock.item_id) as item_id,
        coalesce(movements.location_id, stock.location_id) as location_id,
        {{ units('coalesce(movements.balance_units, 0)') }} as movement_units,
        {{ units('coalesce(stock.total_units, 0)') }} as stock_units
    from movements
    full outer join stock
        on movements.item_id = stock.item_id and movements.location_id = stock.location_id

)

select
    compared.item_id,
    compared.location_id,
    compared.movement_units,
    compared.stock_units,
    {{ units('compared.stock_units - compared.movement_units') }} as difference_units,
    {{ amount('abs(compared.stock_units - compared.movement_units)', 'items.unit_cost') }}
        as difference_value
from compared
cross join movements_recorded
inner join items on compared.item_id = items.item_id
where movements_recorded.is_recorded and compared.stock_units <> compared.movement_units
