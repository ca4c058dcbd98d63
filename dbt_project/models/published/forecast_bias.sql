with

errors as (

    select * from {{ ref('stg_science__forecast_bias') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    errors.item_id,
    errors.location_id,
    errors.forecast_method,
    errors.horizon_weeks,
    errors.origin_count,
    cast(errors.actual_units as double) as actual_units,
    cast(errors.forecast_units as double) as forecast_units,
    cast(errors.bias_units as double) as bias_units,
    {{ share_of('errors.bias_units', 'errors.actual_units') }} as bias_share,
    cast(errors.mean_absolute_deviation_units as double) as mean_absolute_deviation_units,
    cast(errors.tracking_signal as double) as tracking_signal,
    errors.is_drifting,
    errors.reason_code,
    errors.method,
    errors.status
from errors
cross join run_context
