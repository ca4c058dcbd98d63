with

outbox as (

    select * from {{ ref('stg_science__factory_message') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    outbox.message_id,
    outbox.factory_message,
    outbox.order_id,
    outbox.plant_id,
    outbox.week_start_date,
    outbox.created_date,
    outbox.message,
    outbox.acknowledged_at,
    outbox.is_accepted,
    outbox.options
from outbox
cross join run_context
