with

milestones as (

    select * from {{ ref('stg_ims__mto_milestone') }}

),

-- what is told of an order that nobody knows is told of nobody
orders as (

    select order_id from {{ ref('fct_mto_orders') }}
    where is_in_history

)

select
    milestones.event_id,
    milestones.order_id,
    milestones.milestone_code,
    milestones.event_at,
    milestones.source_seq,
    milestones.planned_date
from milestones
inner join orders on milestones.order_id = orders.order_id
