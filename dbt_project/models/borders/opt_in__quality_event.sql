with

events as (

    select * from {{ ref('stg_ims__quality_event') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    events.quality_event_id,
    events.quality_kind,
    events.opened_date,
    events.order_id,
    events.unit_id,
    events.milestone_code,
    events.severity,
    events.closed_date
from events
cross join run_context
where
    -- an event of neither an order nor a unit holds nothing up
    coalesce(events.order_id, events.unit_id) is not null
    and coalesce(events.closed_date, run_context.as_of) >= run_context.history_start_date
