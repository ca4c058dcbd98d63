with

states as (

    select * from {{ ref('stg_science__mto_order_status') }}

),

orders as (

    select * from {{ ref('fct_mto_orders') }}

),

feeds as (

    select * from {{ ref('int_feeds_dated') }}

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
where
    states.is_silent
    and states.is_stuck is distinct from true
    -- when the whole feed is late, that is one exception and not one per order
    and not exists (
        select 1 as is_late
        from feeds
        where feeds.table_name = 'mto_milestone' and feeds.age_days > feeds.stale_after_days
    )
