with

indices as (

    select * from {{ ref('stg_science__seasonal_index') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    indices.category,
    indices.region,
    indices.week_of_year,
    cast(indices.index_factor as double) as index_factor,
    indices.history_weeks,
    indices.origin_count,
    cast(indices.error_ratio as double) as error_ratio,
    indices.is_used,
    indices.reason_code,
    indices.method,
    indices.status
from indices
cross join run_context
