with

orders as (

    select * from {{ ref('int_mto_orders_resolved') }}

)

select
    order_id,
    item_id,
    location_id,
    region,
    category,
    model,
    market,
    customer_id,
    segment_id,
    options,
    option_count,
    unknown_option_count,
    lead_time_class,
    order_date,
    confirmed_date,
    requested_date,
    promised_date,
    stated_status,
    order_status,
    order_priority,
    order_weight,
    plant_id,
    quoted_price,
    quoted_fees,
    quoted_cost,
    final_price,
    deposit,
    credit_status,
    credit_valid_to,
    delivered_date,
    cancelled_date,
    cancel_reason,
    as_built_options,
    unit_id,
    closed_date,
    is_in_history
from orders
