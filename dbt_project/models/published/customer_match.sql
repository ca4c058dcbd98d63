with

matches as (

    select * from {{ ref('stg_science__customer_match') }}

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
    matches.request_id,
    matches.match_rank,
    matches.unit_id,
    matches.is_assigned,
    matches.match_score,
    matches.fit_share,
    requests.customer_id,
    requests.location_id,
    stock_units.item_id,
    stock_units.model,
    stock_units.trim,
    stock_units.color,
    stock_units.location_id as unit_location_id,
    stock_units.list_price,
    matches.ready_p90_date,
    matches.distance_km,
    matches.differences,
    matches.option_score,
    matches.appearance_score,
    matches.price_score,
    matches.distance_score,
    matches.date_score,
    matches.ageing_score,
    matches.scarcity_score,
    matches.reason_code,
    matches.method,
    matches.status
from matches
cross join run_context
left join requests on matches.request_id = requests.request_id
left join stock_units on matches.unit_id = stock_units.unit_id
