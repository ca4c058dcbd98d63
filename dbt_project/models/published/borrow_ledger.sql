with

loans as (

    select * from {{ ref('stg_science__borrow_loan') }}

),

segments as (

    select * from {{ ref('dim_segment') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    loans.loan_id,
    loans.item_id,
    loans.location_id,
    loans.segment_id,
    segments.segment_name,
    segments.priority_tier,
    loans.opened_at,
    loans.borrowed_units,
    loans.returned_units,
    loans.expired_units,
    loans.open_units,
    loans.loan_status,
    loans.borrow_repays,
    loans.action_id,
    loans.expires_at,
    loans.closed_at,
    loans.reservation_id
from loans
cross join run_context
left join segments on loans.segment_id = segments.segment_id
