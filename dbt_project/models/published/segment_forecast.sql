with

forecasts as (

    select * from {{ ref('stg_science__segment_forecast') }}

),

segments as (

    select * from {{ ref('dim_segment') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    forecasts.item_id,
    forecasts.location_id,
    forecasts.segment_id,
    segments.segment_name,
    cast(forecasts.protection_days as double) as protection_days,
    cast(forecasts.segment_share as double) as segment_share,
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
left join segments on forecasts.segment_id = segments.segment_id
