with

points as (

    select * from {{ ref('stg_science__scenario_frontier') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    points.scenario_id,
    points.scenario_kind,
    points.scope_type,
    points.scope_id,
    points.average_stock_value,
    points.peak_cash,
    points.orders_per_year,
    points.holding_cost_per_year,
    points.order_cost_per_year,
    points.shortage_cost_per_year,
    points.cost_per_year,
    points.is_efficient,
    points.series_count,
    points.population_count,
    points.path_count,
    points.played_weeks,
    points.random_seed,
    points.method,
    points.status,
    points.service_factor,
    points.budget_multiplier,
    points.fill_rate,
    points.fill_rate_low,
    points.fill_rate_high,
    points.lost_margin_per_year,
    points.aged_value_share,
    points.marginal_price_of_service_point,
    points.null_reason
from points
cross join run_context
