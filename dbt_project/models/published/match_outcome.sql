with

outcomes as (

    select * from {{ ref('stg_science__match_outcome') }}

),

requests as (

    select * from {{ ref('opt_in__customer_request') }}

),

stock_units as (

    select * from {{ ref('opt_in__stock_unit') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    outcomes.request_id,
    requests.customer_id,
    requests.request_kind,
    requests.request_date,
    requests.location_id,
    requests.region,
    requests.order_priority,
    outcomes.unit_id,
    stock_units.model,
    stock_units.trim,
    stock_units.color,
    stock_units.location_id as unit_location_id,
    outcomes.match_score,
    outcomes.candidate_count,
    outcomes.outbid_by,
    outcomes.reason_code,
    outcomes.method,
    outcomes.status
from outcomes
cross join run_context
left join requests on outcomes.request_id = requests.request_id
left join stock_units on outcomes.unit_id = stock_units.unit_id
