with

set_aside as (

    select * from {{ ref('stg_science__mto_event_set_aside') }}

),

-- events of orders that nobody knows never come to the map of milestones
of_unknown_orders as (

    select
        milestones.event_id,
        milestones.order_id,
        milestones.milestone_code,
        milestones.event_at,
        upper(conflicts.reason_code) as reason_code
    from {{ ref('stg_ims__mto_milestone') }} as milestones
    inner join {{ ref('fct_order_conflicts') }} as conflicts
        on milestones.event_id = conflicts.row_key
    where conflicts.table_name = 'mto_milestone'

),

events as (

    select * from set_aside
    union all by name
    select * from of_unknown_orders

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    events.event_id,
    events.order_id,
    events.milestone_code,
    events.milestone_name,
    events.milestone_number,
    events.milestone_step,
    events.event_at,
    events.reason_code
from events
cross join run_context
