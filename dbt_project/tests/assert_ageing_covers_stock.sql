{{ config(tags=['marts'], meta={'dagster': {'ref': {'name': 'fct_ageing_layers'}}}) }}

-- Every unit that is owned has an age, once: layers and units add up to the stock on hand.
with

layers as (

    select
        item_id,
        location_id,
        sum(layer_units) as aged_units
    from {{ ref('fct_ageing_layers') }}
    group by item_id, location_id

),

stock as (

    select
        item_id,
        location_id,
        owned_units
    from {{ ref('int_stock_positions') }}
    where item_id not in (select units.item_id from {{ ref('stg_ims__unit') }} as units)

)

select
    coalesce(layers.item_id, stock.item_id) as item_id,
    coalesce(layers.location_id, stock.location_id) as location_id,
    coalesce(layers.aged_units, 0) as aged_units,
    coalesce(stock.owned_units, 0) as owned_units
from layers
full outer join stock
    on layers.item_id = stock.item_id and layers.location_id = stock.location_id
where coalesce(layers.aged_units, 0) <> coalesce(stock.owned_units, 0)
