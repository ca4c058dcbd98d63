with

source as (

    select * from {{ source('science', 'opt_out__lead_time_quantile') }}

),

typed as (

    select
        supplier_id,
        location_id,
        {{ rate('quantile_level') }} as quantile_level,
        {{ units('lead_time_days') }} as lead_time_days
    from source

)

select * from typed
