with

source as (

    select * from {{ source('science', 'opt_out__forecast_accuracy') }}

),

typed as (

    select
        evidence,
        forecast_method,
        breakdown,
        breakdown_value,
        series_count,
        forecast_interval,
        horizon_weeks,
        origin_count,
        observation_count,
        {{ units('actual_units') }} as actual_units,
        {{ units('forecast_units') }} as forecast_units,
        {{ units('absolute_error_units') }} as absolute_error_units,
        {{ units('squared_error_units2') }} as squared_error_units2,
        {{ units('pinball_q50_units') }} as pinball_q50_units,
        {{ units('pinball_q80_units') }} as pinball_q80_units,
        {{ units('pinball_q90_units') }} as pinball_q90_units,
        {{ units('pinball_q95_units') }} as pinball_q95_units,
        covered_q80_count,
        covered_q90_count,
        covered_q95_count,
        method,
        status,
        {{ units('naive_absolute_error_units') }} as naive_absolute_error_units,
        {{ units('naive_squared_error_units2') }} as naive_squared_error_units2,
        {{ rate('randomised_q80_count') }} as randomised_q80_count,
        {{ rate('randomised_q90_count') }} as randomised_q90_count,
        {{ rate('randomised_q95_count') }} as randomised_q95_count,
        positive_count,
        {{ rate('percentage_error_sum') }} as percentage_error_sum,
        reason_code
    from source

)

select * from typed
