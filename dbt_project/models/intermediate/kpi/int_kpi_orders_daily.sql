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

),

-- an order is due when the last of it was wanted; complete is what had wholly left stock by then
due_orders as (

    select
        order_id,
        location_id,
        region,
        segment_id,
        max(demand_date) as activity_date,
        bool_and(
            cancelled_date is null
            and shipped_units >= requested_units
            and coalesce(shipped_date <= demand_date, false)
        ) as is_complete
    from lines
    group by order_id, location_id, region, segment_id
    -- who does not tell when goods left cannot be measured
    having bool_and(shipped_date is not null or shipped_units = 0)

),

counted as (

    select
        location_id,
        region,
        segment_id,
        activity_date,
        1 as measured_orders,
        cast(is_filled as integer) as filled_orders,
        0 as due_orders,
        0 as complete_orders
    from orders

    union all

    select
        due_orders.location_id,
        due_orders.region,
        due_orders.segment_id,
        due_orders.activity_date,
        0 as measured_orders,
        0 as filled_orders,
        1 as due_orders,
        cast(due_orders.is_complete as integer) as complete_orders
    from due_orders
    cross join first_day
    cross join run_context
    where due_orders.activity_date between first_day.first_date and run_context.as_of

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
    sum(measured_orders) as measured_orders,
    sum(filled_orders) as filled_orders,
    sum(due_orders) as due_orders,
    sum(complete_orders) as complete_orders
from counted
group by {{ kpi_grouping_sets('activity_date', has_category=false) }}
