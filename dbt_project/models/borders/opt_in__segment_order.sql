with

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

item_locations as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    lines.order_id,
    lines.line_id,
    lines.item_id,
    lines.location_id,
    lines.segment_id,
    lines.segment_reason,
    lines.order_date,
    cast(lines.requested_units as double) as requested_units,
    lines.demand_date as requested_date
from lines
cross join run_context
inner join item_locations
    on
        lines.item_id = item_locations.item_id
        and lines.location_id = item_locations.location_id
where
    lines.is_demand
    and lines.demand_stream = 'base'
    and lines.order_date <= run_context.as_of
    and lines.order_date > run_context.as_of - {{ var('segment_order_days') }}
    and lines.requested_units > 0
    and item_locations.is_ranged
