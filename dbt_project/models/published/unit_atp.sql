with

promises as (

    select * from {{ ref('stg_science__unit_atp') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

stock_units as (

    select * from {{ ref('opt_in__stock_unit') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    promises.unit_id,
    promises.item_id,
    items.description as item_description,
    stock_units.model,
    stock_units.trim,
    stock_units.color,
    stock_units.model_year,
    promises.location_id,
    stock_units.region,
    stock_units.unit_status,
    stock_units.stock_category,
    promises.is_promisable,
    promises.ready_p50_date,
    promises.ready_p90_date,
    promises.reservation_id,
    promises.order_id,
    stock_units.list_price,
    promises.reason_code,
    promises.method,
    promises.status
from promises
cross join run_context
left join items on promises.item_id = items.item_id
left join stock_units on promises.unit_id = stock_units.unit_id
