with

source as (

    select * from {{ source('science', 'opt_out__policy_backtest') }}

),

typed as (

    select
        policy_method,
        breakdown,
        breakdown_value,
        series_count,
        target_basis,
        service_metric,
        {{ rate('service_target') }} as service_target,
        is_current,
        observed_weeks,
        {{ units('demand_units') }} as demand_units,
        {{ units('filled_units') }} as filled_units,
        ready_weeks,
        cycle_count,
        served_cycle_count,
        {{ units('mean_stock_units') }} as mean_stock_units,
        {{ money('mean_stock_value') }} as mean_stock_value,
        {{ rate('shortage_to_holding') }} as shortage_to_holding,
        {{ money('simulated_cost') }} as simulated_cost,
        verdict,
        method,
        status,
        population_count,
        scored_from_date,
        scored_to_date,
        {{ rate('achieved_service') }} as achieved_service,
        {{ rate('achieved_service_low') }} as achieved_service_low,
        {{ rate('achieved_service_high') }} as achieved_service_high,
        {{ money('stock_at_target_value') }} as stock_at_target_value,
        {{ rate('stock_ratio') }} as stock_ratio,
        {{ rate('stock_ratio_low') }} as stock_ratio_low,
        {{ rate('stock_ratio_high') }} as stock_ratio_high,
        {{ rate('cost_ratio') }} as cost_ratio,
        {{ rate('cost_ratio_low') }} as cost_ratio_low,
        {{ rate('cost_ratio_high') }} as cost_ratio_high,
        reason_code
    from source

)

select * from typed
