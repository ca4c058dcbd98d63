with

requests as (

    select * from {{ ref('fct_customer_requests') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    requests.request_id,
    requests.request_date,
    requests.location_id,
    requests.region,
    requests.request_kind,
    requests.request_outcome,
    requests.order_priority,
    cast(requests.latitude as double) as latitude,
    cast(requests.longitude as double) as longitude,
    requests.customer_id,
    requests.segment_id,
    requests.model,
    requests.category,
    requests.powertrain,
    requests.trim,
    requests.color,
    requests.must_options,
    requests.wish_options,
    cast(requests.max_price as double) as max_price,
    requests.needed_date,
    cast(requests.max_distance_km as double) as max_distance_km,
    requests.outcome_date,
    requests.unit_id
from requests
cross join run_context
where
    requests.request_outcome = 'open'
    or coalesce(requests.outcome_date, requests.request_date) >= run_context.history_start_date
