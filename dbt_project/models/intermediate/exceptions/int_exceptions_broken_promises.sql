with

slots as (

    select * from {{ ref('stg_science__mto_slot_assignment') }}

),

orders as (

    select * from {{ ref('fct_mto_orders') }}

)

select
    'promise_broken' as exception_type,
    'high' as severity,
    orders.item_id,
    orders.location_id,
    {{ money(order_margin('orders')) }} as value_at_risk,
    {{ units('1') }} as quantity_units,
    'order ' || orders.order_id as reason_code,
    'The confirmed promise of order ' || orders.order_id || ' cannot be kept: '
    || {{ shown('slots.lateness_days') }} || ' days late'
    || coalesce(' in the slot of ' || slots.week_start_date, ', and no slot') || '.' as detail,
    'Look at expedite_option and substitution_offer; else tell the customer.' as suggested_action
from slots
inner join orders on slots.order_id = orders.order_id
where slots.is_promise_broken
