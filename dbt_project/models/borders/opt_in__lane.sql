with

lanes as (

    select * from {{ ref('stg_ims__lane') }}

),

locations as (

    select * from {{ ref('dim_location') }}

)

select
    lanes.from_location_id,
    lanes.to_location_id,
    cast(lanes.transit_days as double) as transit_days,
    cast(lanes.cost_fixed as double) as cost_fixed,
    cast(lanes.cost_per_unit as double) as cost_per_unit,
    cast(lanes.min_units as double) as min_units,
    cast(lanes.multiple_units as double) as multiple_units,
    cast(lanes.capacity_m3 as double) as capacity_m3,
    cast(lanes.capacity_units as double) as capacity_units
from lanes
inner join locations as origins on lanes.from_location_id = origins.location_id
inner join locations as destinations on lanes.to_location_id = destinations.location_id
where
    lanes.is_allowed
    and origins.is_active
    and destinations.is_active
    and lanes.from_location_id <> lanes.to_location_id
