with

source as (

    select * from {{ source('science', 'opt_out__segment_forecast') }}

),

typed as (

    select
        item_id,
        location_id,
        segment_id,
        {{ units('protection_days') }} as protection_days,
        {{ rate('segment_share') }} as segment_share,
        {{ rate('mean_units') }} as mean_units,
        {{ units('variance_units2') }} as variance_units2,
        {{ units('q50_units') }} as q50_units,
        {{ units('q80_units') }} as q80_units,
        {{ units('q90_units') }} as q90_units,
        {{ units('q95_units') }} as q95_units,
        method,
        status,
        reason_code
    from source

)

select * from typed
