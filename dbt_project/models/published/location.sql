with

locations as (

    select * from {{ ref('dim_location') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    locations.location_id,
    locations.location_type,
    locations.region,
    locations.timezone,
    locations.is_active,
    locations.parent_location_id,
    locations.latitude::double as latitude,
    locations.longitude::double as longitude
from locations
cross join run_context
