with

breaks as (

    select * from {{ ref('stg_ims__price_break') }}

),

terms as (

    select * from {{ ref('stg_ims__item_supplier') }}

),

items as (

    select * from {{ ref('stg_ims__item') }}

),

-- a supplier has one scheme for an item, that of its first break; a row that says another is left out
agreeing as (

    select *
    from breaks
    qualify
        price_scheme = first_value(price_scheme) over (
            partition by item_id, supplier_id
            order by min_quantity_units
        )

),

list_prices as (

    select
        item_id,
        supplier_id,
        unit_price
    from terms
    where unit_price is not null
    qualify row_number() over (
        partition by item_id, supplier_id
        order by location_id = '*' desc, location_id asc
    ) = 1

),

-- below the first break the price of the supply terms holds, or the item's cost
below_first as (

    select
        agreeing.item_id,
        agreeing.supplier_id,
        0 as min_quantity_units,
        coalesce(any_value(list_prices.unit_price), any_value(items.unit_cost)) as unit_price,
        any_value(agreeing.price_scheme) as price_scheme
    from agreeing
    inner join items on agreeing.item_id = items.item_id
    left join list_prices
        on
            agreeing.item_id = list_prices.item_id
            and agreeing.supplier_id = list_prices.supplier_id
    group by agreeing.item_id, agreeing.supplier_id
    having min(agreeing.min_quantity_units) > 0

),

complete as (

    select
        item_id,
        supplier_id,
        min_quantity_units,
        unit_price,
        price_scheme
    from agreeing
    union all
    select
        item_id,
        supplier_id,
        min_quantity_units,
        unit_price,
        price_scheme
    from below_first

)

select
    item_id,
    supplier_id,
    cast(min_quantity_units as double) as min_quantity_units,
    cast(unit_price as double) as unit_price,
    price_scheme
from complete
