with

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

rolling as (

    select
        'rolling' as period,
        cast(unnest(string_split(kpi_windows_days, ',')) as integer) as window_days,
        as_of as period_end_date
    from run_context

),

-- the last twelve whole calendar months, so that a trend can be seen
month_ends as (

    select
        cast(date_trunc('month', as_of + 1) as date) as next_month_start,
        unnest(generate_series(0, 11)) as months_back
    from run_context

),

months as (

    select
        'month' as period,
        cast(next_month_start - to_months(cast(months_back as integer)) as date) - 1 as period_end_date
    from month_ends

)

select
    period,
    window_days,
    period_end_date,
    period_end_date - window_days + 1 as period_start_date
from rolling

union all

select
    period,
    cast(day(period_end_date) as integer) as window_days,
    period_end_date,
    cast(date_trunc('month', period_end_date) as date) as period_start_date
from months
