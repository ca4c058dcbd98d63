with

outbox as (

    select * from {{ ref('stg_science__notification') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    outbox.message_id,
    outbox.notification_kind,
    outbox.subject_id,
    outbox.subject_date,
    outbox.created_date,
    outbox.message,
    outbox.customer_id,
    outbox.location_id
from outbox
cross join run_context
