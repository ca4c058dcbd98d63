with

source as (

    select * from {{ source('science', 'opt_out__annual_plan') }}

),

-- numbers stay as they were written
chosen as (

    select
        demand_scenario,
        month_start_date,
        plan_level,
        region,
        category,
        demand_units,
        buy_units,
        closing_stock_units,
        closing_stock_value,
        lost_units,
        safety_gap_units,
        overtime_units,
        margin_value,
        holding_cost,
        lost_sales_cost,
        overtime_cost,
        method,
        status,
        buy_share,
        capacity_use,
        space_use,
        cash_use
    from source

)

select * from chosen
