{{ config(materialized='view') }}

with

spells as (

    select * from {{ ref('int_stock_spells') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

calendar as (

    select * from {{ ref('dim_calendar') }}

)

select
    spells.item_id,
    spells.location_id,
    calendar.calendar_date,
    spells.on_hand_units,
    {{ amount('spells.on_hand_units', 'items.unit_cost') }} as on_hand_value,
    spells.on_hand_units = 0 as is_out_of_stock
from spells
inner join calendar
    on calendar.calendar_date between spells.valid_from and spells.valid_to
inner join items on spells.item_id = items.item_id
