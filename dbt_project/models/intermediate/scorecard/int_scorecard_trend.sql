with

kpis as (

    select * from {{ ref('kpi') }}

),

past_kpis as (

    select * from {{ ref('stg_history__past_kpi') }}

),

policies as (

    select * from {{ ref('stg_science__policy') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- whole months, as the marts compute them from the events themselves
monthly as (

    select
        named.check_number,
        named.series,
        kpis.kpi,
        kpis.period_end_date as point_date,
        cast(null as varchar) as point_release_id,
        kpis.value
    from kpis
    cross join run_context
    inner join (
        values
        (13, 'fill', 'unit_fill_rate'),
        (13, 'turns', 'inventory_turnover'),
        (14, 'stock_outs', 'stockout_rate'),
        (14, 'backorders', 'backorder_rate'),
        (14, 'expedites', 'expedite_rate')
    ) as named (check_number, series, kpi) on kpis.kpi = named.kpi
    where
        kpis.scope_type = 'network'
        and kpis.period = 'month'
        and kpis.period_end_date <= run_context.as_of
        and kpis.period_end_date
        > last_day(run_context.as_of - to_months({{ var('scorecard_trend_points') }} + 1))
    qualify row_number() over (
        partition by kpis.kpi
        order by kpis.period_end_date desc
    ) <= {{ var('scorecard_trend_points') }}

),

-- what only the day itself can tell is taken from the last release of each month, and from today
told as (

    select
        release_as_of as point_date,
        release_id as point_release_id,
        kpi,
        value,
        numerator,
        period,
        window_days,
        scope_type
    from past_kpis
    union all
    select
        run_context.as_of as point_date,
        cast(null as varchar) as point_release_id,
        kpis.kpi,
        kpis.value,
        kpis.numerator,
        kpis.period,
        kpis.window_days,
        kpis.scope_type
    from kpis
    cross join run_context

),

month_ends as (

    select
        told.point_date,
        told.point_release_id,
        max(told.value) filter (told.kpi = 'obsolete_value') as obsolete_value,
        max(told.value) filter (told.kpi = 'excess_value') as excess_value,
        max(told.value) filter (told.kpi = 'inventory_cash') as inventory_cash,
        max(told.numerator) filter (
            told.kpi = 'inventory_turnover' and told.window_days = 365
        ) as yearly_cogs
    from told
    cross join run_context
    where
        told.period = 'rolling'
        and told.scope_type = 'network'
        and told.point_date > last_day(run_context.as_of - to_months({{ var('scorecard_trend_points') }}))
    group by told.point_date, told.point_release_id
    qualify row_number() over (
        partition by date_trunc('month', told.point_date)
        order by told.point_date desc
    ) = 1

),

of_sales as (

    select
        15 as check_number,
        'excess_and_obsolete' as series,
        'excess_value + obsolete_value' as kpi,
        point_date,
        point_release_id,
        (excess_value + obsolete_value) / nullif(yearly_cogs, 0) as value
    from month_ends
    union all
    select
        15 as check_number,
        'inventory_cash' as series,
        'inventory_cash' as kpi,
        point_date,
        point_release_id,
        inventory_cash / nullif(yearly_cogs, 0) as value
    from month_ends

),

all_points as (

    select * from monthly
    where value is not null
    union all
    select * from of_sales
    where value is not null

),

points as (

    select
        series,
        cast(date_part('year', point_date) * 12 + date_part('month', point_date) as double) as x,
        value as y
    from all_points

),

{{ theil_sen_ctes('points') }},

targets as (

    select median(cast(service_target as double)) as target from policies

),

counted as (

    select
        series,
        count(*) as point_count,
        median(value) as median_value
    from all_points
    group by series

)

select
    cast(all_points.check_number as integer) as check_number,
    all_points.series,
    all_points.kpi,
    all_points.point_date,
    all_points.point_release_id,
    all_points.value,
    counted.point_count,
    slopes.slope as slope_per_month,
    slopes.slope_low,
    slopes.slope_high,
    -- what the slope makes of the median over the months looked at
    slopes.slope * (counted.point_count - 1) / nullif(abs(counted.median_value), 0) as change_share,
    case when all_points.series = 'fill' then targets.target end as target
from all_points
inner join counted on all_points.series = counted.series
left join slopes on all_points.series = slopes.series
cross join targets
