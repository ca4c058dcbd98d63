with

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

successors as (

    select * from {{ ref('int_item_successors') }}

),

item_locations as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- as in the demand history: net of returns, without one-off orders, on the item that has the demand
requested as (

    select
        coalesce(successors.successor_item_id, lines.item_id) as item_id,
        lines.location_id,
        lines.segment_id,
        {{ scaled('lines.requested_units - lines.returned_units', 'successors.ratio') }} as demand_units,
        0 as open_order_units
    from lines
    cross join run_context
    left join successors
        on
            lines.item_id = successors.item_id
            and lines.location_id = successors.location_id
    where
        lines.is_demand
        and lines.demand_stream = 'base'
        and lines.demand_date <= run_context.as_of
        and lines.demand_date > run_context.as_of - {{ var('segment_demand_days') }}

),

-- what is open waits for the item that was ordered
open_orders as (

    select
        item_id,
        location_id,
        segment_id,
        0 as demand_units,
        open_units as open_order_units
    from lines
    where open_units > 0

),

recent as (

    select
        item_id,
        location_id,
        segment_id,
        sum({{ units('demand_units') }}) as demand_units,
        sum({{ units('open_order_units') }}) as open_order_units
    from (
        select * from requested
        union all
        select * from open_orders
    ) as requested_and_open
    group by item_id, location_id, segment_id

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
