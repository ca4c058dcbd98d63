with

source as (

    select * from {{ source('science', 'opt_out__stock_unit_review') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        unit_id,
        item_id,
        location_id,
        stock_category,
        age_days,
        daily_cost,
        cumulative_cost,
        expected_days_to_sale,
        sale_probability,
        expected_markdown,
        value_at_risk,
        is_slow,
        stock_action,
        action_value,
        reason_code,
        method,
        status,
        proposed_price,
        to_location_id,
        list_price,
        estimated_value,
        unit_cost
    from source

)

select * from chosen
