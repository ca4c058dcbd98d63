with

open_supply as (

    select * from {{ ref('int_supply_open_netted') }}

)

select
    supply_order_id,
    line_id,
    item_id,
    location_id,
    expected_date,
    cast(open_units as double) as open_units,
    supply_status,
    is_overdue
from open_supply
where is_counted
