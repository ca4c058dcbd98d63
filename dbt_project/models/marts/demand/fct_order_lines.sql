{{ config(materialized='view') }}

with

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

)

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
    requested_units,
    filled_at_request_units,
    shipped_units,
    open_units,
    backorder_units,
    unit_price,
    unit_cost,
    is_lost_sale,
    is_demand,
    demand_type,
    demand_stream,
    returned_units,
    clipped_return_units,
    basis,
    unit_id
from lines
