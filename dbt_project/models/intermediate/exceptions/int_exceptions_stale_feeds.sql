with

feeds as (

    select * from {{ ref('int_feeds_dated') }}

)

select
    'stale_feed' as exception_type,
    'high' as severity,
    cast(null as varchar) as item_id,
    cast(null as varchar) as location_id,
    0 as value_at_risk,
    cast(null as decimal(18, 3)) as quantity_units,
    'stale_' || table_name as reason_code,
    'The newest row of ' || table_name || ' is of ' || newest_date || ', ' || age_days
    || ' days ago; more than ' || stale_after_days || ' are not usual.' as detail,
    'Repair the feed and run the day again: the plan rests on what is missing.' as suggested_action
from feeds
where age_days > stale_after_days
