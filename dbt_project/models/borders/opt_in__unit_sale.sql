with

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

orders as (

    select * from {{ ref('stg_ims__demand_line') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

units as (

    select * from {{ ref('fct_units') }}

),

-- a unit that is no longer listed tells its receipt by its movements
first_arrivals as (

    select
        unit_id,
        min(movement_date) as received_date
    from {{ ref('stg_ims__stock_movement') }}
    where unit_id is not null and quantity_units > 0
    group by unit_id

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

sold as (

    select
        lines.unit_id,
        lines.item_id,
        lines.location_id,
        lines.segment_id,
        lines.sale_date,
        lines.unit_price,
        lines.unit_cost,
        lines.order_id,
        orders.customer_id
    from lines
    cross join run_context
    left join orders on lines.order_id = orders.order_id and lines.line_id = orders.line_id
    where
        lines.unit_id is not null
        and lines.shipped_units > 0
        -- what came back was not sold
        and lines.returned_units < lines.shipped_units
        and lines.sale_date between run_context.history_start_date and run_context.as_of
    qualify row_number() over (
        partition by lines.unit_id, lines.sale_date
        order by lines.order_id, lines.line_id
    ) = 1

),

dated as (

    select
        sold.*,
        units.color,
        coalesce(units.list_price, items.list_price) as list_price,
        items.category,
        items.model,
        items.trim,
        -- a receipt after the sale is that of another round of the unit
        case
            when coalesce(units.network_received_date, first_arrivals.received_date) <= sold.sale_date
                then coalesce(units.network_received_date, first_arrivals.received_date)
        end as received_date
    from sold
    inner join items on sold.item_id = items.item_id
    left join units on sold.unit_id = units.unit_id
    left join first_arrivals on sold.unit_id = first_arrivals.unit_id

)

select
    unit_id,
    item_id,
    location_id,
    category,
    sale_date as sold_date,
    received_date,
    cast(sale_date - received_date as bigint) as age_days,
    cast(list_price as double) as list_price,
    cast(unit_price as double) as sold_price,
    cast(unit_cost as double) as unit_cost,
    model,
    trim,
    color,
    segment_id,
    order_id,
    customer_id
from dated
