with

requests as (

    select * from {{ ref('stg_ims__customer_request') }}

),

locations as (

    select * from {{ ref('dim_location') }}

)

select
    requests.request_id,
    requests.request_date,
    requests.location_id,
    locations.region,
    locations.latitude,
    locations.longitude,
    requests.request_kind,
    -- a day of the end tells that a request is no longer open, whatever it came to
    case
        when requests.request_outcome = 'open' and requests.outcome_date is not null then 'withdrawn'
        else requests.request_outcome
    end as request_outcome,
    requests.outcome_date,
    coalesce(requests.order_priority, {{ var('unstated_order_priority') }}) as order_priority,
    requests.customer_id,
    requests.segment_id,
    requests.model,
    requests.category,
    requests.powertrain,
    requests.trim,
    requests.color,
    requests.must_options,
    requests.wish_options,
    requests.max_price,
    requests.needed_date,
    requests.max_distance_km,
    requests.unit_id
from requests
inner join locations on requests.location_id = locations.location_id
