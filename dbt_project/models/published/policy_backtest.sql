with

scores as (

    select * from {{ ref('stg_science__policy_backtest') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    scores.policy_method,
    scores.breakdown,
    scores.breakdown_value,
    scores.series_count,
    scores.target_basis,
    scores.service_metric,
    cast(scores.service_target as double) as service_target,
    scores.is_current,
    scores.observed_weeks,
    cast(scores.demand_units as double) as demand_units,
    cast(scores.filled_units as double) as filled_units,
    scores.ready_weeks,
    scores.cycle_count,
    scores.served_cycle_count,
    cast(scores.mean_stock_units as double) as mean_stock_units,
    cast(scores.mean_stock_value as double) as mean_stock_value,
    cast(scores.shortage_to_holding as double) as shortage_to_holding,
    cast(scores.simulated_cost as double) as simulated_cost,
    scores.verdict,
    scores.population_count,
    {{ share_of('scores.series_count', 'scores.population_count') }} as sampled_share,
    scores.scored_from_date,
    scores.scored_to_date,
    cast(scores.achieved_service as double) as achieved_service,
    cast(scores.achieved_service_low as double) as achieved_service_low,
    cast(scores.achieved_service_high as double) as achieved_service_high,
    {{ share_of('scores.filled_units', 'scores.demand_units') }} as achieved_fill_rate,
    {{ share_of('scores.ready_weeks', 'scores.observed_weeks') }} as achieved_ready_rate,
    {{ share_of('scores.served_cycle_count', 'scores.cycle_count') }} as achieved_cycle_service,
    cast(scores.stock_at_target_value as double) as stock_at_target_value,
    cast(scores.stock_ratio as double) as stock_ratio,
    cast(scores.stock_ratio_low as double) as stock_ratio_low,
    cast(scores.stock_ratio_high as double) as stock_ratio_high,
    cast(scores.cost_ratio as double) as cost_ratio,
    cast(scores.cost_ratio_low as double) as cost_ratio_low,
    cast(scores.cost_ratio_high as double) as cost_ratio_high,
    scores.reason_code,
    scores.method,
    scores.status
from scores
cross join run_context
