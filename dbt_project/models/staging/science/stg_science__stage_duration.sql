with

source as (

    select * from {{ source('science', 'opt_out__stage_duration') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        pool_level,
        pool_key,
        milestone_code,
        scope,
        sample_count,
        open_order_count,
        reason_code,
        method,
        status,
        duration_p50_days,
        duration_p80_days,
        duration_p90_days,
        duration_p95_days
    from source

)

select * from chosen
