with

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

item_locations as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

recent as (

    select
        lines.item_id,
        lines.location_id,
        lines.segment_id,
        coalesce(
            sum(lines.requested_units) filter (
                lines.is_demand
                and lines.demand_date <= run_context.as_of
                and lines.demand_date > run_context.as_of - {{ var('segment_demand_days') }}
            ),
            0
        ) as demand_units,
        sum(lines.open_units) as open_order_units
    from lines
    cross join run_context
    where
        lines.open_units > 0
        or lines.demand_date > run_context.as_of - {{ var('segment_demand_days') }}
    group by lines.item_id, lines.location_id, lines.segment_id

)

select
    recent.item_id,
    recent.location_id,
    recent.segment_id,
    cast(recent.demand_units as double) as demand_units,
    cast(recent.open_order_units as double) as open_order_units
from recent
inner join item_locations
    on
        recent.item_id = item_locations.item_id
        and recent.location_id = item_locations.location_id
where item_locations.is_ranged and recent.demand_units + recent.open_order_units > 0
