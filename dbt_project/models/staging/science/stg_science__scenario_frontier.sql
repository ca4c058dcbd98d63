with

source as (

    select * from {{ source('science', 'opt_out__scenario_frontier') }}

),

-- numbers stay as they were written
chosen as (

    select
        scenario_id,
        scenario_kind,
        scope_type,
        scope_id,
        average_stock_value,
        peak_cash,
        orders_per_year,
        holding_cost_per_year,
        order_cost_per_year,
        shortage_cost_per_year,
        cost_per_year,
        is_efficient,
        series_count,
        population_count,
        path_count,
        played_weeks,
        random_seed,
        method,
        status,
        service_factor,
        budget_multiplier,
        fill_rate,
        fill_rate_low,
        fill_rate_high,
        lost_margin_per_year,
        aged_value_share,
        marginal_price_of_service_point,
        null_reason
    from source

)

select * from chosen
