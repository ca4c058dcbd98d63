with

orders as (

    select * from {{ ref('fct_mto_orders') }}

)

select
    order_id,
    location_id,
    region,
    model,
    market,
    options,
    order_date,
    order_status,
    order_priority,
    cast(order_weight as double) as order_weight,
    credit_status,
    lead_time_class,
    item_id,
    category,
    customer_id,
    segment_id,
    confirmed_date,
    requested_date,
    promised_date,
    plant_id,
    cast(quoted_price as double) as quoted_price,
    cast(quoted_fees as double) as quoted_fees,
    cast(quoted_cost as double) as quoted_cost,
    cast(final_price as double) as final_price,
    cast(deposit as double) as deposit,
    credit_valid_to,
    delivered_date,
    cancelled_date,
    cancel_reason,
    as_built_options,
    unit_id
from orders
where is_in_history
