with

layers as (

    select * from {{ ref('int_stock_layers_fifo') }}

),

items as (

    select * from {{ ref('stg_ims__item') }}

)

select
    layers.item_id,
    layers.location_id,
    items.category,
    layers.network_received_date,
    layers.location_received_date,
    cast(layers.age_days as bigint) as age_days,
    cast(layers.location_age_days as bigint) as location_age_days,
    {{ ageing_bucket('layers.age_days') }} as age_bucket,
    layers.age_basis,
    layers.layer_units,
    {{ amount('layers.layer_units', 'items.unit_cost') }} as layer_value
from layers
inner join items on layers.item_id = items.item_id
