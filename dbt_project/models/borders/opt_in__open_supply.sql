with

open_supply as (

    select * from {{ ref('int_supply_open_netted') }}

),

item_locations as (

    select * from {{ ref('int_item_locations_resolved') }}

)

select
    open_supply.supply_order_id,
    open_supply.line_id,
    open_supply.item_id,
    open_supply.location_id,
    open_supply.expected_date,
    cast(open_supply.open_units as double) as open_units,
    open_supply.supply_status,
    open_supply.ordered_date,
    open_supply.stated_date,
    open_supply.is_overdue,
    cast(open_supply.overdue_days as bigint) as overdue_days,
    open_supply.is_counted,
    -- what another location sends has no supplier
    case
        when open_supply.from_location_id is null
            then coalesce(open_supply.supplier_id, item_locations.supplier_id)
    end as supplier_id,
    open_supply.first_expected_date
from open_supply
left join item_locations
    on
        open_supply.item_id = item_locations.item_id
        and open_supply.location_id = item_locations.location_id
