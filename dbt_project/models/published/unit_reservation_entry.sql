with

entries as (

    select * from {{ ref('stg_science__unit_reservation_entry') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    entries.ledger_seq,
    entries.event_at,
    entries.unit_operation,
    entries.unit_id,
    entries.reservation_id,
    entries.entry_status,
    entries.reason_code,
    entries.actor,
    entries.customer_id,
    entries.order_id,
    entries.expires_at,
    entries.note,
    entries.event_id
from entries
cross join run_context
