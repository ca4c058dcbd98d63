with

source as (

    select * from {{ source('ims', 'lane') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.from_location_id,
        source.to_location_id,
        {{ units('source.transit_days') }} as transit_days,
        {{ money('source.cost_fixed') }} as cost_fixed,
        {{ money('source.cost_per_unit') }} as cost_per_unit,
        source.is_allowed,
        {{ units('source.min_units') }} as min_units,
        {{ units('source.multiple_units') }} as multiple_units,
        {{ rate('source.capacity_m3') }} as capacity_m3,
        {{ units('source.capacity_units') }} as capacity_units,
        source.loaded_at
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
