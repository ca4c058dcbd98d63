with

locations as (

    select * from {{ ref('dim_location') }}

)

select
    location_id,
    cast(
        coalesce(preparation_days, {{ var('unstated_preparation_days') }}) as double
    ) as preparation_days,
    cast(handover_units as double) as handover_units
from locations
