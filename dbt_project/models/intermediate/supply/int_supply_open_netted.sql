with

supply_orders as (

    select * from {{ ref('stg_ims__supply_order') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

still_open as (

    select
        supply_orders.supply_order_id,
        supply_orders.line_id,
        supply_orders.item_id,
        supply_orders.location_id,
        supply_orders.supplier_id,
        supply_orders.from_location_id,
        supply_orders.ordered_date,
        supply_orders.first_expected_date,
        coalesce(
            supply_orders.expected_date,
            supply_orders.ordered_date
            + cast(ceil(run_context.default_lead_time_days) as integer)
        ) as stated_date,
        supply_orders.supply_status,
        supply_orders.is_expedited,
        greatest(supply_orders.ordered_units - supply_orders.received_units, 0) as open_units,
        run_context.as_of,
        run_context.overdue_trust_days
    from supply_orders
    cross join run_context
    where
        supply_orders.supply_status in ('open', 'confirmed', 'in_transit')
        and supply_orders.ordered_units > supply_orders.received_units

),

dated as (

    select
        supply_order_id,
        line_id,
        item_id,
        location_id,
        supplier_id,
        from_location_id,
        ordered_date,
        first_expected_date,
        stated_date,
        -- what is late but trusted is expected from tomorrow on
        case when stated_date < as_of then as_of + 1 else stated_date end as expected_date,
        supply_status,
        is_expedited,
        open_units,
        stated_date < as_of as is_overdue,
        greatest(as_of - stated_date, 0) as overdue_days,
        as_of - stated_date <= overdue_trust_days as is_counted
    from still_open

)

select * from dated
