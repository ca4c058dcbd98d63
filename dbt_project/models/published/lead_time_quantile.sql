with

quantiles as (

    select * from {{ ref('stg_science__lead_time_quantile') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    quantiles.supplier_id,
    quantiles.location_id,
    cast(quantiles.quantile_level as double) as quantile_level,
    cast(quantiles.lead_time_days as double) as lead_time_days
from quantiles
cross join run_context
