with

states as (

    select * from {{ ref('stg_science__mto_order_status') }}

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
    'order_stuck' as exception_type,
    'medium' as severity,
    orders.item_id,
    orders.location_id,
    -- the margin is lost if the customer cancels; all of it where nobody knows how likely that is
    {{ amount(order_margin('orders'), 'coalesce(states.cancel_probability, 1)') }} as value_at_risk,
    {{ units('1') }} as quantity_units,
    'order ' || orders.order_id as reason_code,
    'Order ' || orders.order_id || ' has been at '
    || coalesce('"' || steps.milestone_name || '"', 'milestone ' || states.milestone_code, 'no milestone')
    || ' for ' || {{ shown('states.stage_age_days') }} || ' days'
    || coalesce('; few are there for more than ' || {{ shown('states.stage_limit_days') }}, '') || '.'
        as detail,
    'Ask the plant what holds it.' as suggested_action
from states
inner join orders on states.order_id = orders.order_id
left join steps on states.order_id = steps.order_id and states.milestone_code = steps.milestone_code
where states.is_stuck
