with

checks as (

    select * from {{ ref('stg_science__order_check') }}

),

orders as (

    select * from {{ ref('fct_mto_orders') }}

),

violations as (

    select
        order_id,
        count(*) as violation_count,
        min(message) as first_message
    from checks
    where check_kind = 'violation'
    group by order_id

)

select
    'order_unbuildable' as exception_type,
    'high' as severity,
    orders.item_id,
    orders.location_id,
    {{ money(order_margin('orders')) }} as value_at_risk,
    {{ units('1') }} as quantity_units,
    'order ' || orders.order_id as reason_code,
    'Order ' || orders.order_id || ' cannot be built as it is: ' || rtrim(violations.first_message, '.')
    || case
        when violations.violation_count > 1 then '; and ' || (violations.violation_count - 1) || ' more.'
        else '.'
    end as detail,
    'Agree on a repair of order_check with the customer.' as suggested_action
from violations
inner join orders on violations.order_id = orders.order_id
