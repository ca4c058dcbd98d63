with

orders as (

    select * from {{ ref('int_mto_orders_resolved') }}

),

told_of_orders as (

    select
        'mto_change_request' as table_name,
        change_id as row_key,
        order_id
    from {{ ref('stg_ims__mto_change_request') }}
    union all
    select
        'mto_milestone' as table_name,
        event_id as row_key,
        order_id
    from {{ ref('stg_ims__mto_milestone') }}
    union all
    select
        'order_cost' as table_name,
        cost_id as row_key,
        order_id
    from {{ ref('stg_ims__order_cost') }}
    union all
    select
        'quality_event' as table_name,
        quality_event_id as row_key,
        order_id
    from {{ ref('stg_ims__quality_event') }}
    where order_id is not null and unit_id is null

),

of_unknown_orders as (

    select
        told_of_orders.table_name,
        told_of_orders.row_key,
        'unknown_order' as reason_code,
        'Order ' || told_of_orders.order_id || ' is not known; the row is left out.' as detail
    from told_of_orders
    anti join orders on told_of_orders.order_id = orders.order_id

),

of_nothing as (

    select
        'quality_event' as table_name,
        quality_event_id as row_key,
        'names_nothing' as reason_code,
        'It names neither an order nor a unit; the row is left out.' as detail
    from {{ ref('stg_ims__quality_event') }}
    where order_id is null and unit_id is null
    union all
    select
        'configuration_rule' as table_name,
        rule_id || ' version ' || rule_version as row_key,
        'names_nothing' as reason_code,
        'It is about no option; the row is left out.' as detail
    from {{ ref('stg_ims__configuration_rule') }}
    where then_options = ''

),

of_orders as (

    select
        'mto_order' as table_name,
        order_id as row_key,
        'status_contradicts_dates' as reason_code,
        'It is said to be ' || stated_status || ', and has the date of one that is ' || order_status
        || '; the date counts.' as detail
    from orders
    where stated_status <> order_status
    union all
    select
        'mto_order' as table_name,
        order_id as row_key,
        'unknown_options' as reason_code,
        'Of its ' || option_count || ' options, ' || unknown_option_count
        || ' are not in the catalogue; it is checked and cannot be built like this.' as detail
    from orders
    where unknown_option_count > 0 and order_status in ('quoted', 'open')

),

-- of the orders that name a unit, the first one's it is
second_claims as (

    select
        'mto_order' as table_name,
        order_id as row_key,
        'unit_of_another_order' as reason_code,
        'Unit ' || unit_id || ' is that of order ' || min(order_id) over by_unit || '; the claim is left out.'
            as detail
    from orders
    where unit_id is not null and order_status in ('open', 'delivered')
    window by_unit as (partition by unit_id)
    qualify order_id <> min(order_id) over by_unit

),

of_units as (

    select
        'unit' as table_name,
        unit_id as row_key,
        'unknown_category' as reason_code,
        'Category ' || stock_category || ' is not known; the unit is not sold.' as detail
    from {{ ref('int_units_resolved') }}
    where not is_category_known
    union all
    select
        'unit_hold' as table_name,
        hold_id as row_key,
        'held_already' as reason_code,
        'Another open hold of the same kind holds unit ' || unit_id || '; it counts once.' as detail
    from {{ ref('fct_unit_holds') }}
    where is_repeated
    union all
    select
        'unit_hold' as table_name,
        hold_id as row_key,
        'unknown_unit' as reason_code,
        'Unit ' || unit_id || ' is neither listed nor in a known sale; nobody can be asked for it.' as detail
    from {{ ref('fct_unit_holds') }}
    where unit_status = 'unknown' and is_open

),

conflicts as (

    select * from of_unknown_orders
    union all
    select * from of_nothing
    union all
    select * from of_orders
    union all
    select * from second_claims
    union all
    select * from of_units

)

select
    table_name,
    row_key,
    reason_code,
    detail
from conflicts
