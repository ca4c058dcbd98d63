{{ config(materialized='view') }}

with

movements as (

    select * from {{ ref('stg_ims__stock_movement') }}

),

lines as (

    select distinct
        order_id,
        item_id,
        location_id
    from {{ ref('stg_ims__demand_line') }}

)

select
    movements.movement_id,
    movements.item_id,
    movements.location_id,
    movements.movement_date as return_date,
    movements.quantity_units as returned_units,
    movements.reference_id as order_id,
    lines.order_id is not null as is_linked
from movements
left join lines
    on
        movements.reference_id = lines.order_id
        and movements.item_id = lines.item_id
        and movements.location_id = lines.location_id
where movements.movement_type = 'return'
