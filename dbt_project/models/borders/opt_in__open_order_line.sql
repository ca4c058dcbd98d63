with

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

orders as (

    select
        order_id,
        line_id,
        customer_id,
        order_priority
    from {{ ref('stg_ims__demand_line') }}

),

-- an order that is built is promised by its build
built_orders as (

    select order_id from {{ ref('fct_mto_orders') }}

),

segments as (

    select * from {{ ref('dim_segment') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

locations as (

    select * from {{ ref('dim_location') }}

)

select
    lines.order_id,
    lines.line_id,
    lines.item_id,
    lines.location_id,
    lines.segment_id,
    lines.order_date,
    lines.demand_date as requested_date,
    cast(lines.open_units as double) as open_units,
    coalesce(orders.order_priority, {{ var('unstated_order_priority') }}) as order_priority,
    segments.priority_tier,
    orders.customer_id,
    lines.unit_id
from lines
inner join items on lines.item_id = items.item_id
inner join locations on lines.location_id = locations.location_id
inner join segments on lines.segment_id = segments.segment_id
inner join orders on lines.order_id = orders.order_id and lines.line_id = orders.line_id
anti join built_orders on lines.order_id = built_orders.order_id
where lines.open_units > 0
