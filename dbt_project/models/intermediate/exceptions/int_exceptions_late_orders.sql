with

states as (

    select * from {{ ref('stg_science__mto_order_status') }}

),

slots as (

    select * from {{ ref('stg_science__mto_slot_assignment') }}

),

-- what a milestone is called, by its order and code
steps as (

    select
        order_id,
        milestone_code,
        milestone_name
    from {{ ref('stg_science__mto_step') }}

),

orders as (

    select * from {{ ref('fct_mto_orders') }}

)

select
    'order_late' as exception_type,
    'medium' as severity,
    orders.item_id,
    orders.location_id,
    -- the margin is lost if the customer cancels; all of it where nobody knows how likely that is
    {{ amount(order_margin('orders'), 'coalesce(states.cancel_probability, 1)') }} as value_at_risk,
    {{ units('1') }} as quantity_units,
    'order ' || orders.order_id as reason_code,
    'Order ' || orders.order_id || ' is ' || {{ shown('states.delay_days') }}
    || ' days behind its first promise' || coalesce(', most of them ' || case
        when states.delay_cause = 'CREDIT' then 'for its credit'
        when steps.milestone_name is not null then 'at "' || steps.milestone_name || '"'
        else 'for ' || states.delay_cause
    end, '') || '.'
        as detail,
    'Look at what delays it in mto_milestone; tell the customer the new date.' as suggested_action
from states
inner join orders on states.order_id = orders.order_id
left join slots on states.order_id = slots.order_id
left join steps on states.order_id = steps.order_id and states.delay_cause = steps.milestone_code
-- a broken promise says so already
where states.delay_status = 'late' and slots.is_promise_broken is distinct from true
