with

durations as (

    select * from {{ ref('stg_science__stage_duration') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    durations.pool_level,
    durations.pool_key,
    durations.milestone_code,
    durations.scope,
    durations.duration_p50_days,
    durations.duration_p80_days,
    durations.duration_p90_days,
    durations.duration_p95_days,
    durations.sample_count,
    durations.open_order_count,
    durations.reason_code,
    durations.method,
    durations.status
from durations
cross join run_context
