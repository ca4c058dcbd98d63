with

planned as (

    select * from {{ ref('int_positions_planned') }}

)

-- what segments share: an item-location, or an item at all locations, at the dearest shortage of them; all
-- locations are cured by what cures each of them that is below its reorder point
select
    item_id,
    location_id,
    shortage_cost,
    available_units,
    shortage_cure,
    next_supply_date
from planned
union all
select
    item_id,
    '*' as location_id,
    max(shortage_cost) as shortage_cost,
    sum(available_units) as available_units,
    case
        when
            count(*) filter (
                where shortage_cure is null
                and least(available_units, inventory_position_units) < reorder_point_units
            ) = 0
            then min(shortage_cure)
    end as shortage_cure,
    min(next_supply_date) as next_supply_date
from planned
group by item_id
