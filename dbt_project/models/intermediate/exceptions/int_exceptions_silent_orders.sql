with

states as (

    select * from {{ ref('stg_science__mto_order_status') }}

),

orders as (

    select * from {{ ref('fct_mto_orders') }}

)

select
    'order_silent' as exception_type,
    'medium' as severity,
    orders.item_id,
    orders.location_id,
    -- the margin is lost if the customer cancels; all of it where nobody knows how likely that is
    {{ amount(order_margin('orders'), 'coalesce(states.cancel_probability, 1)') }} as value_at_risk,
    {{ units('1') }} as quantity_units,
    'order ' || orders.order_id as reason_code,
    'Nothing has been heard of order ' || orders.order_id
    || coalesce(' for ' || {{ shown('states.silent_days') }} || ' days', '')
    || '; its next milestone should have come.' as detail,
    'Ask for the missing milestone, or repair the delivery of events.' as suggested_action
from states
inner join orders on states.order_id = orders.order_id
-- one that is stuck says so already: of most of them nothing was heard since
where states.is_silent and states.is_stuck is distinct from true
