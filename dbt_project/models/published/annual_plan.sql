with

plans as (

    select * from {{ ref('stg_science__annual_plan') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    plans.demand_scenario,
    plans.month_start_date,
    plans.plan_level,
    plans.region,
    plans.category,
    plans.demand_units,
    plans.buy_units,
    plans.closing_stock_units,
    plans.closing_stock_value,
    plans.lost_units,
    plans.safety_gap_units,
    plans.overtime_units,
    plans.margin_value,
    plans.holding_cost,
    plans.lost_sales_cost,
    plans.overtime_cost,
    plans.method,
    plans.status,
    plans.buy_share,
    plans.capacity_use,
    plans.space_use,
    plans.cash_use
from plans
cross join run_context
