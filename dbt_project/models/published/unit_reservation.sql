with

reservations as (

    select * from {{ ref('stg_science__unit_reservation') }}

),

stock_units as (

    select * from {{ ref('opt_in__stock_unit') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    reservations.reservation_id,
    reservations.unit_id,
    reservations.unit_reservation_state,
    stock_units.item_id,
    items.description as item_description,
    stock_units.model,
    stock_units.trim,
    stock_units.color,
    stock_units.location_id,
    reservations.customer_id,
    reservations.order_id,
    reservations.order_priority,
    reservations.hold_kind,
    reservations.opened_at,
    reservations.expires_at,
    reservations.closed_at,
    reservations.actor,
    reservations.note,
    reservations.reason_code
from reservations
cross join run_context
left join stock_units on reservations.unit_id = stock_units.unit_id
left join items on stock_units.item_id = items.item_id
