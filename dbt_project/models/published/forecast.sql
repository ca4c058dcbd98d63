with

forecasts as (

    select * from {{ ref('stg_science__forecast') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    forecasts.item_id,
    forecasts.location_id,
    forecasts.horizon_weeks,
    forecasts.bucket_start_date,
    cast(forecasts.base_units as double) as base_units,
    cast(forecasts.uplift_units as double) as uplift_units,
    cast(forecasts.sensed_factor as double) as sensed_factor,
    cast(forecasts.statistical_units as double) as statistical_units,
    cast(forecasts.plan_units as double) as plan_units,
    cast(forecasts.mean_units as double) as mean_units,
    cast(forecasts.q50_units as double) as q50_units,
    cast(forecasts.q80_units as double) as q80_units,
    cast(forecasts.q90_units as double) as q90_units,
    cast(forecasts.q95_units as double) as q95_units,
    forecasts.reason_code,
    forecasts.method,
    forecasts.status
from forecasts
cross join run_context
