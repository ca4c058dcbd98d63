with

reviews as (

    select * from {{ ref('stg_science__stock_unit_review') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

stock_units as (

    select * from {{ ref('opt_in__stock_unit') }}

),

-- whom the matching proposes a unit for
assigned as (

    select
        unit_id,
        request_id
    from {{ ref('stg_science__customer_match') }}
    where is_assigned

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    reviews.unit_id,
    reviews.item_id,
    items.description as item_description,
    stock_units.model,
    stock_units.trim,
    stock_units.color,
    reviews.location_id,
    stock_units.region,
    reviews.stock_category,
    reviews.age_days,
    reviews.stock_action,
    reviews.action_value,
    reviews.value_at_risk,
    reviews.is_slow,
    reviews.proposed_price,
    reviews.to_location_id,
    assigned.request_id,
    reviews.list_price,
    reviews.estimated_value,
    reviews.unit_cost,
    reviews.daily_cost,
    reviews.cumulative_cost,
    reviews.expected_days_to_sale,
    reviews.sale_probability,
    reviews.expected_markdown,
    reviews.reason_code,
    reviews.method,
    reviews.status
from reviews
cross join run_context
left join items on reviews.item_id = items.item_id
left join stock_units on reviews.unit_id = stock_units.unit_id
left join assigned on reviews.unit_id = assigned.unit_id
