with

stock as (

    select * from {{ ref('stg_ims__stock_on_hand') }}

),

positions as (

    select
        item_id,
        location_id,
        sum(on_hand_units) filter (stock_status in ('available', 'allocated', 'held')) as on_hand_units,
        sum(on_hand_units) filter (stock_status in ('allocated', 'held')) as reserved_units,
        sum(on_hand_units) filter (stock_status <> 'customer_owned') as owned_units,
        sum(on_hand_units) as total_units
    from stock
    group by item_id, location_id

)

select
    item_id,
    location_id,
    {{ units('coalesce(on_hand_units, 0)') }} as on_hand_units,
    {{ units('coalesce(reserved_units, 0)') }} as reserved_units,
    {{ units('coalesce(owned_units, 0)') }} as owned_units,
    {{ units('total_units') }} as total_units
from positions
