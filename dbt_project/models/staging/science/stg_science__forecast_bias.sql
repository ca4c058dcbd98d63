with

source as (

    select * from {{ source('science', 'opt_out__forecast_bias') }}

),

typed as (

    select
        item_id,
        location_id,
        forecast_method,
        horizon_weeks,
        origin_count,
        {{ units('actual_units') }} as actual_units,
        {{ units('forecast_units') }} as forecast_units,
        {{ units('bias_units') }} as bias_units,
        {{ units('mean_absolute_deviation_units') }} as mean_absolute_deviation_units,
        {{ rate('tracking_signal') }} as tracking_signal,
        is_drifting,
        method,
        status,
        reason_code
    from source

)

select * from typed
