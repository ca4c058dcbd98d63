{{ config(materialized='view') }}

with

movements as (

    select * from {{ ref('stg_ims__stock_movement') }}

)

select
    movement_id,
    movement_date,
    item_id,
    location_id,
    movement_type,
    quantity_units,
    unit_id,
    reference_id,
    counterpart_location_id,
    basis
from movements
