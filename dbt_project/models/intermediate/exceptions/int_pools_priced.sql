with

planned as (

    select * from {{ ref('int_positions_planned') }}

)

-- what segments share: an item-location, or an item at all locations, at the dearest shortage of them
select
    item_id,
    location_id,
    shortage_cost,
    available_units
from planned
union all
select
    item_id,
    '*' as location_id,
    max(shortage_cost) as shortage_cost,
    sum(available_units) as available_units
from planned
group by item_id
