with

locations as (

    select * from {{ ref('stg_ims__location') }}

)

select
    location_id,
    location_type,
    region,
    timezone,
    is_active,
    latitude,
    longitude,
    capacity_units,
    parent_location_id,
    storage_m3,
    handling_units,
    purchase_budget,
    handover_units,
    preparation_days
from locations
