with

source as (

    select * from {{ source('ims', 'location') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.location_id,
        source.location_type,
        source.region,
        source.is_active,
        source.loaded_at,
        coalesce(source.timezone, 'UTC') as timezone,
        {{ rate('source.latitude') }} as latitude,
        {{ rate('source.longitude') }} as longitude,
        {{ units('source.capacity_units') }} as capacity_units,
        source.parent_location_id,
        {{ rate('source.storage_m3') }} as storage_m3,
        {{ units('source.handling_units') }} as handling_units,
        {{ money('source.purchase_budget') }} as purchase_budget,
        {{ units('source.handover_units') }} as handover_units,
        {{ units('source.preparation_days') }} as preparation_days
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
