with

controls as (

    select * from {{ ref('stg_science__service_control') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    controls.service_metric,
    controls.target_band,
    controls.model_scope,
    controls.series_count,
    cast(controls.demand_units as double) as demand_units,
    cast(controls.service_target as double) as service_target,
    cast(controls.delivered_service as double) as delivered_service,
    cast(controls.controlled_service as double) as controlled_service,
    cast(controls.logit_shift as double) as logit_shift,
    controls.fitted_date,
    controls.reason_code,
    controls.method,
    controls.status
from controls
cross join run_context
