with

holds as (

    select * from {{ ref('stg_ims__unit_hold') }}

),

units as (

    select * from {{ ref('fct_units') }}

),

locations as (

    select * from {{ ref('dim_location') }}

),

orders as (

    select * from {{ ref('int_mto_orders_resolved') }}

),

-- the newest order that the unit was built for or sold with, whatever became of the order
order_units as (

    select
        orders.unit_id,
        orders.order_id,
        orders.customer_id,
        orders.delivered_date,
        orders.order_date,
        orders.location_id,
        orders.item_id
    from orders
    where orders.unit_id is not null and orders.order_status <> 'cancelled'
    union all
    select
        lines.unit_id,
        lines.order_id,
        lines.customer_id,
        coalesce(lines.delivered_date, lines.shipped_date) as delivered_date,
        lines.order_date,
        lines.location_id,
        lines.item_id
    from {{ ref('stg_ims__demand_line') }} as lines
    where lines.unit_id is not null and lines.cancelled_date is null

),

last_orders as (

    select *
    from order_units
    qualify row_number() over (
        partition by unit_id
        order by order_date desc, order_id desc
    ) = 1

),

traced as (

    select
        holds.hold_id,
        holds.unit_id,
        holds.hold_kind,
        holds.opened_date,
        holds.closed_date,
        holds.closed_date is null as is_open,
        holds.closed_date is null
        and row_number() over (
            partition by holds.unit_id, holds.hold_kind, holds.closed_date is null
            order by holds.opened_date, holds.hold_id
        ) > 1 as is_repeated,
        holds.reference_id,
        holds.message,
        coalesce(units.item_id, last_orders.item_id) as item_id,
        coalesce(units.location_id, last_orders.location_id) as location_id,
        -- a unit that is no longer listed has left with its order, or nobody knows of it
        coalesce(
            units.unit_status,
            case when last_orders.unit_id is not null then 'sold' else 'unknown' end
        ) as unit_status,
        units.stock_category,
        coalesce(units.order_id, last_orders.order_id) as order_id,
        case
            when units.order_id is null then last_orders.customer_id
            else orders.customer_id
        end as customer_id,
        last_orders.delivered_date
    from holds
    left join units on holds.unit_id = units.unit_id
    left join last_orders on holds.unit_id = last_orders.unit_id
    left join orders on units.order_id = orders.order_id

)

select
    traced.hold_id,
    traced.unit_id,
    traced.hold_kind,
    traced.opened_date,
    traced.closed_date,
    traced.is_open,
    traced.is_repeated,
    traced.reference_id,
    traced.message,
    traced.item_id,
    traced.location_id,
    locations.region,
    traced.unit_status,
    traced.stock_category,
    traced.order_id,
    traced.customer_id,
    traced.delivered_date
from traced
left join locations on traced.location_id = locations.location_id
