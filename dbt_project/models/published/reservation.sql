with

reservations as (

    select * from {{ ref('stg_science__soft_reservation') }}

),

segments as (

    select * from {{ ref('dim_segment') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    reservations.reservation_id,
    reservations.item_id,
    reservations.location_id,
    reservations.segment_id,
    segments.segment_name,
    segments.priority_tier,
    reservations.opened_at,
    reservations.units,
    reservations.own_units,
    reservations.pool_units,
    reservations.consumed_units,
    reservations.released_units,
    reservations.expired_units,
    reservations.open_units,
    reservations.reservation_status,
    reservations.action_id,
    reservations.expires_at,
    reservations.closed_at
from reservations
cross join run_context
left join segments on reservations.segment_id = segments.segment_id
