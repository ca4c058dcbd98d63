with

promises as (

    select * from {{ ref('stg_science__capable_to_promise') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

locations as (

    select * from {{ ref('dim_location') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    promises.item_id,
    items.description as item_description,
    promises.location_id,
    locations.region,
    promises.supplier_id,
    promises.beyond_p50_date,
    promises.beyond_p90_date,
    promises.reason_code,
    promises.method,
    promises.status
from promises
cross join run_context
left join items on promises.item_id = items.item_id
left join locations on promises.location_id = locations.location_id
