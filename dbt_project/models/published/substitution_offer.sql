with

offers as (

    select * from {{ ref('stg_science__substitution_offer') }}

),

orders as (

    select * from {{ ref('opt_in__mto_order') }}

),

stock_units as (

    select * from {{ ref('opt_in__stock_unit') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    offers.order_id,
    offers.offer_rank,
    offers.unit_id,
    offers.offer_value,
    offers.customer_id,
    orders.location_id,
    orders.model,
    stock_units.trim,
    stock_units.color,
    stock_units.location_id as unit_location_id,
    offers.fit_share,
    offers.days_earlier,
    offers.ready_p90_date,
    offers.price_delta,
    offers.slot_value,
    offers.differences,
    offers.reason_code,
    offers.method,
    offers.status
from offers
cross join run_context
left join orders on offers.order_id = orders.order_id
left join stock_units on offers.unit_id = stock_units.unit_id
