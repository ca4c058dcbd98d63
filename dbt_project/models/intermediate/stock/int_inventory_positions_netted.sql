with

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

stock as (

    select * from {{ ref('int_stock_positions') }}

),

supply as (

    select
        item_id,
        location_id,
        sum(open_units) filter (is_counted) as on_order_units,
        sum(open_units) filter (is_counted and supply_status = 'in_transit') as in_transit_units,
        sum(open_units) filter (is_overdue) as overdue_units,
        min(expected_date) filter (is_counted) as next_expected_date
    from {{ ref('int_supply_open_netted') }}
    group by item_id, location_id

),

backorders as (

    select
        item_id,
        location_id,
        sum(backorder_units) as backorder_units
    from {{ ref('int_demand_lines_resolved') }}
    where backorder_units > 0
    group by item_id, location_id

),

gathered as (

    select
        places.item_id,
        places.location_id,
        places.is_ranged,
        places.unit_cost,
        {{ units('coalesce(stock.on_hand_units, 0)') }} as on_hand_units,
        {{ units('coalesce(stock.reserved_units, 0)') }} as reserved_units,
        {{ units('coalesce(stock.owned_units, 0)') }} as owned_units,
        {{ units('coalesce(supply.on_order_units, 0)') }} as on_order_units,
        {{ units('coalesce(supply.in_transit_units, 0)') }} as in_transit_units,
        {{ units('coalesce(supply.overdue_units, 0)') }} as overdue_units,
        supply.next_expected_date,
        {{ units('coalesce(backorders.backorder_units, 0)') }} as backorder_units
    from places
    left join stock
        on places.item_id = stock.item_id and places.location_id = stock.location_id
    left join supply
        on places.item_id = supply.item_id and places.location_id = supply.location_id
    left join backorders
        on places.item_id = backorders.item_id and places.location_id = backorders.location_id

),

netted as (

    select
        item_id,
        location_id,
        is_ranged,
        unit_cost,
        on_hand_units,
        reserved_units,
        owned_units,
        on_order_units,
        in_transit_units,
        overdue_units,
        next_expected_date,
        backorder_units,
        {{ units('on_hand_units + on_order_units - backorder_units - reserved_units') }}
            as inventory_position_units
    from gathered

)

select * from netted
