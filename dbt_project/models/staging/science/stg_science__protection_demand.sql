with

source as (

    select * from {{ source('science', 'opt_out__protection_demand') }}

),

typed as (

    select
        item_id,
        location_id,
        {{ units('lead_time_days') }} as lead_time_days,
        {{ units('lead_time_sd_days') }} as lead_time_sd_days,
        {{ units('protection_days') }} as protection_days,
        distribution,
        {{ units('mean_units') }} as mean_units,
        {{ rate('variance_units2') }} as variance_units2,
        {{ units('q50_units') }} as q50_units,
        {{ units('q80_units') }} as q80_units,
        {{ units('q90_units') }} as q90_units,
        {{ units('q95_units') }} as q95_units,
        {{ units('q99_units') }} as q99_units,
        method,
        status,
        reason_code
    from source

)

select * from typed
