with

checks as (

    select * from {{ ref('stg_science__order_check') }}

),

orders as (

    select * from {{ ref('fct_mto_orders') }}

),

endings as (

    select
        order_id,
        min(message) as first_message
    from checks
    where reason_code = 'OPTION_ENDS_BEFORE_BUILD'
    group by order_id

)

select
    'option_ending' as exception_type,
    'medium' as severity,
    orders.item_id,
    orders.location_id,
    {{ money(order_margin('orders')) }} as value_at_risk,
    {{ units('1') }} as quantity_units,
    'order ' || orders.order_id as reason_code,
    'Order ' || orders.order_id || ': ' || rtrim(endings.first_message, '.') || '.' as detail,
    'Build it before the option ends, or agree on another option with the customer.' as suggested_action
from endings
inner join orders on endings.order_id = orders.order_id
