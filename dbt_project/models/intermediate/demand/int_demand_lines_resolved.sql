with

lines as (

    select * from {{ ref('int_order_segments_assigned') }}

),

items as (

    select * from {{ ref('stg_ims__item') }}

),

locations as (

    select * from {{ ref('stg_ims__location') }}

),

item_locations as (

    select * from {{ ref('stg_ims__item_location') }}

),

returns as (

    select * from {{ ref('int_order_line_returns') }}

),

line_limits as (

    select * from {{ ref('int_demand_line_limits') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- a source without the column tells sales only: what was asked for is what was shipped
shipping_recorded as (

    select coalesce(bool_or(is_present), false) as is_recorded
    from {{ ref('stg_ims__source_presence') }}
    where table_name = 'demand_line' and column_name = 'shipped_units'

),

resolved as (

    select
        lines.order_id,
        lines.line_id,
        lines.item_id,
        lines.location_id,
        lines.segment_id,
        lines.segment_reason,
        items.category,
        locations.region,
        lines.order_date,
        greatest(lines.requested_date, lines.order_date) as demand_date,
        lines.shipped_date,
        lines.delivered_date,
        lines.cancelled_date,
        lines.requested_units,
        least(lines.filled_at_request_units, lines.requested_units) as filled_at_request_units,
        case
            when lines.shipped_units is not null then lines.shipped_units
            when lines.shipped_date is not null then lines.requested_units
            when lines.cancelled_date is not null or lines.is_lost_sale then 0
            when not shipping_recorded.is_recorded then lines.requested_units
            else 0
        end as shipped_units,
        coalesce(lines.shipped_date, lines.requested_date) as sale_date,
        lines.unit_price,
        coalesce(lines.unit_cost, items.unit_cost) as unit_cost,
        lines.is_lost_sale,
        -- a request withdrawn for a reason of the customer's own was no demand on stock
        lines.cancelled_date is null
        or lines.is_lost_sale
        or lower(coalesce(lines.cancel_reason, 'no_stock')) in (
            'no_stock', 'no stock', 'out_of_stock', 'out of stock', 'stockout', 'late', 'delay'
        ) as is_demand,
        lines.cancelled_date is not null
        or lines.is_lost_sale
        or (
            coalesce(item_locations.stockout_behaviour, 'lost') = 'lost'
            and lines.requested_date <= run_context.as_of
        ) as is_closed_unfilled,
        lines.requested_date <= run_context.as_of as is_due,
        lines.demand_type,
        -- a fleet's order far above the usual is planned by itself; without the flag it is demand
        case
            when lines.demand_type = 'fleet' and lines.requested_units > line_limits.largest_usual_units
                then 'fleet'
            else 'base'
        end as demand_stream,
        coalesce(returns.returned_units, 0) as returned_units,
        lines.basis,
        lines.unit_id
    from lines
    cross join run_context
    cross join shipping_recorded
    left join items on lines.item_id = items.item_id
    left join locations on lines.location_id = locations.location_id
    left join item_locations
        on
            lines.item_id = item_locations.item_id
            and lines.location_id = item_locations.location_id
    left join returns on lines.order_id = returns.order_id and lines.line_id = returns.line_id
    left join line_limits on lines.item_id = line_limits.item_id

),

opened as (

    select
        order_id,
        line_id,
        item_id,
        location_id,
        segment_id,
        segment_reason,
        category,
        region,
        order_date,
        demand_date,
        shipped_date,
        delivered_date,
        cancelled_date,
        sale_date,
        requested_units,
        filled_at_request_units,
        shipped_units,
        case
            when is_closed_unfilled then 0
            else greatest(requested_units - shipped_units, 0)
        end as open_units,
        case
            when is_closed_unfilled or not is_due then 0
            else greatest(requested_units - shipped_units, 0)
        end as backorder_units,
        unit_price,
        unit_cost,
        is_lost_sale,
        is_demand,
        is_due,
        demand_type,
        demand_stream,
        -- no more can come back than was shipped or asked for: the rest is clipped, and counted
        least(returned_units, shipped_units, requested_units) as returned_units,
        returned_units - least(returned_units, shipped_units, requested_units) as clipped_return_units,
        basis,
        unit_id
    from resolved

)

select * from opened
