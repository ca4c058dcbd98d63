with

promises as (

    select * from {{ ref('stg_science__delivery_promise') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

locations as (

    select * from {{ ref('dim_location') }}

),

segments as (

    select * from {{ ref('dim_segment') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    promises.order_id,
    promises.line_id,
    promises.item_id,
    items.description as item_description,
    promises.location_id,
    locations.region,
    promises.segment_id,
    segments.segment_name,
    promises.customer_id,
    promises.open_units,
    cast(promises.open_units * items.list_price as double) as open_value,
    promises.requested_date,
    promises.promise_p50_date,
    promises.promise_p90_date,
    promises.first_promise_date,
    promises.previous_promise_date,
    promises.handover_date,
    promises.promise_basis,
    promises.source_location_id,
    promises.unit_id,
    promises.transit_p50_days,
    promises.transit_p90_days,
    promises.reason_code,
    promises.method,
    promises.status
from promises
cross join run_context
left join items on promises.item_id = items.item_id
left join locations on promises.location_id = locations.location_id
left join segments on promises.segment_id = segments.segment_id
