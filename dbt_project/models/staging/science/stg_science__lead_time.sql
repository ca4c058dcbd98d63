with

source as (

    select * from {{ source('science', 'opt_out__lead_time') }}

),

typed as (

    select
        supplier_id,
        location_id,
        sample_count,
        open_order_count,
        {{ units('lead_time_days') }} as lead_time_days,
        {{ units('lead_time_sd_days') }} as lead_time_sd_days,
        {{ units('lead_time_p10_days') }} as lead_time_p10_days,
        {{ units('lead_time_p50_days') }} as lead_time_p50_days,
        {{ units('lead_time_p80_days') }} as lead_time_p80_days,
        {{ units('lead_time_p90_days') }} as lead_time_p90_days,
        {{ units('lead_time_p95_days') }} as lead_time_p95_days,
        method,
        status,
        reason_code
    from source

)

select * from typed
