with

source as (

    select * from {{ source('science', 'opt_out__network_baseline') }}

),

typed as (

    select
        plan_method,
        breakdown,
        breakdown_value,
        series_count,
        {{ money('plan_cost') }} as plan_cost,
        {{ money('stock_cost') }} as stock_cost,
        {{ money('lead_time_shortage_cost') }} as lead_time_shortage_cost,
        {{ money('lane_cost') }} as lane_cost,
        {{ money('penalty_cost') }} as penalty_cost,
        {{ money('objective') }} as objective,
        {{ money('objective_above_plan') }} as objective_above_plan,
        {{ units('planned_move_units') }} as planned_move_units,
        {{ units('planned_order_units') }} as planned_order_units,
        {{ rate('expected_fill_rate') }} as expected_fill_rate,
        is_feasible,
        reason_code,
        method,
        status
    from source

)

select * from typed
