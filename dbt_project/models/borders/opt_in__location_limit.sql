with

locations as (

    select * from {{ ref('dim_location') }}

)

select
    location_id,
    cast(capacity_units as double) as capacity_units,
    cast(storage_m3 as double) as storage_m3,
    cast(handling_units as double) as handling_units,
    cast(purchase_budget as double) as purchase_budget
from locations
where coalesce(capacity_units, storage_m3, handling_units, purchase_budget) is not null
