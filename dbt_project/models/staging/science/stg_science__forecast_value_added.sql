with

source as (

    select * from {{ source('science', 'opt_out__forecast_value_added') }}

),

typed as (

    select
        forecast_method,
        reference_method,
        breakdown,
        breakdown_value,
        series_count,
        observation_count,
        {{ units('actual_units') }} as actual_units,
        {{ units('absolute_error_units') }} as absolute_error_units,
        {{ units('reference_absolute_error_units') }} as reference_absolute_error_units,
        method,
        status,
        {{ units('pinball_units') }} as pinball_units,
        {{ units('reference_pinball_units') }} as reference_pinball_units,
        {{ money('simulated_cost') }} as simulated_cost,
        {{ money('reference_simulated_cost') }} as reference_simulated_cost,
        {{ rate('cost_ratio') }} as cost_ratio,
        {{ rate('cost_ratio_low') }} as cost_ratio_low,
        {{ rate('cost_ratio_high') }} as cost_ratio_high,
        reason_code
    from source

)

select * from typed
