{% set feeds = [
    ('stock_movement', 'movement_date'),
    ('demand_line', 'order_date'),
    ('receipt', 'received_date'),
    ('mto_milestone', 'event_at'),
    ('registration', 'month_start_date'),
    ('external_driver', 'driver_date'),
] %}
with

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- the newest event of each feed that ought to bring some every few days or months
newest as (

    {% for table_name, event_date in feeds %}
        select
            '{{ table_name }}' as table_name,
            max(cast({{ event_date }} as date)) as newest_date
        from {{ ref('stg_ims__' ~ table_name) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

limits as (

    select
        limited.key as table_name,
        cast(limited.value as integer) as stale_after_days
    from json_each('{{ var("feed_stale_days") | tojson }}') as limited

)

select
    newest.table_name,
    newest.newest_date,
    date_diff('day', newest.newest_date, run_context.as_of) as age_days,
    limits.stale_after_days
from newest
cross join run_context
inner join limits on newest.table_name = limits.table_name
-- a feed that never brought anything is missing, not late: capability says so
where newest.newest_date is not null
