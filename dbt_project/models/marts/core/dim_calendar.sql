with

calendars as (

    select * from {{ ref('stg_ims__calendar') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- one calendar for the network: the one called "default", else the first by name
network_calendar as (

    select
        calendar_date,
        is_working,
        is_selling
    from calendars
    qualify dense_rank() over (order by calendar_id <> 'default', calendar_id) = 1

),

days as (

    select
        unnest(
            generate_series(
                cast(run_context.history_start_date as timestamp),
                cast(run_context.as_of + 365 as timestamp),
                interval 1 day
            )
        ) as day,
        run_context.as_of
    from run_context

)

select
    cast(days.day as date) as calendar_date,
    cast(date_trunc('month', days.day) as date) as month_start_date,
    cast(date_trunc('week', days.day) as date) as week_start_date,
    cast(isodow(days.day) as integer) as iso_weekday,
    coalesce(network_calendar.is_working, true) as is_working,
    coalesce(network_calendar.is_selling, true) as is_selling,
    network_calendar.calendar_date is not null as is_stated,
    cast(days.day as date) <= days.as_of as is_past
from days
left join network_calendar on cast(days.day as date) = network_calendar.calendar_date
