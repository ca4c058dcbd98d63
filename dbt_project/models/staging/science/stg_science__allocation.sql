with

source as (

    select * from {{ source('science', 'opt_out__allocation') }}

),

typed as (

    select
        item_id,
        location_id,
        segment_id,
        {{ units('demand_units') }} as demand_units,
        {{ units('guaranteed_units') }} as guaranteed_units,
        {{ units('allocated_units') }} as allocated_units,
        {{ units('unmet_units') }} as unmet_units,
        reason_code,
        method,
        status
    from source

)

select * from typed
