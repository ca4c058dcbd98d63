with

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

first_day as (

    select min(period_start_date) as first_date from {{ ref('int_kpi_periods') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- an order is what one customer order asks of one location; it is filled when all of it is
orders as (

    select
        lines.order_id,
        lines.location_id,
        lines.region,
        lines.segment_id,
        min(lines.demand_date) as activity_date,
        bool_and(lines.filled_at_request_units >= lines.requested_units) as is_filled
    from lines
    cross join first_day
    cross join run_context
    where
        lines.is_demand
        and lines.filled_at_request_units is not null
        and lines.demand_date between first_day.first_date and run_context.as_of
    group by lines.order_id, lines.location_id, lines.region, lines.segment_id

)

select
    case
        when grouping(location_id) = 0 then 'location'
        when grouping(region) = 0 then 'region'
        when grouping(segment_id) = 0 then 'segment'
        else 'network'
    end as scope_type,
    coalesce(location_id, region, segment_id, '*') as scope_id,
    activity_date,
    count(*) as measured_orders,
    count(*) filter (is_filled) as filled_orders
from orders
group by {{ kpi_grouping_sets('activity_date', has_category=false) }}
