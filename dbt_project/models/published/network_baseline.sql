with

plans as (

    select * from {{ ref('stg_science__network_baseline') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    plans.plan_method,
    plans.breakdown,
    plans.breakdown_value,
    plans.series_count,
    cast(plans.plan_cost as double) as plan_cost,
    cast(plans.stock_cost as double) as stock_cost,
    cast(plans.lead_time_shortage_cost as double) as lead_time_shortage_cost,
    cast(plans.lane_cost as double) as lane_cost,
    cast(plans.penalty_cost as double) as penalty_cost,
    cast(plans.objective as double) as objective,
    cast(plans.objective_above_plan as double) as objective_above_plan,
    cast(plans.planned_move_units as double) as planned_move_units,
    cast(plans.planned_order_units as double) as planned_order_units,
    cast(plans.expected_fill_rate as double) as expected_fill_rate,
    plans.is_feasible,
    plans.reason_code,
    plans.method,
    plans.status
from plans
cross join run_context
