with

supply_orders as (

    select * from {{ ref('stg_ims__supply_order') }}

),

open_supply as (

    select * from {{ ref('int_supply_open_netted') }}

)

select
    supply_orders.supply_order_id,
    supply_orders.line_id,
    supply_orders.item_id,
    supply_orders.location_id,
    supply_orders.supplier_id,
    supply_orders.from_location_id,
    supply_orders.supply_status,
    supply_orders.ordered_date,
    supply_orders.first_expected_date,
    open_supply.stated_date,
    open_supply.expected_date,
    supply_orders.ordered_units,
    supply_orders.received_units,
    {{ units('coalesce(open_supply.open_units, 0)') }} as open_units,
    coalesce(open_supply.is_overdue, false) as is_overdue,
    coalesce(open_supply.is_counted, false) as is_counted,
    cast(coalesce(open_supply.overdue_days, 0) as bigint) as overdue_days,
    supply_orders.is_expedited
from supply_orders
left join open_supply
    on
        supply_orders.supply_order_id = open_supply.supply_order_id
        and supply_orders.line_id = open_supply.line_id
