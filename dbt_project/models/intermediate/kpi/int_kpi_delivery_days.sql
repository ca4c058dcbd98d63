with

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

periods as (

    select * from {{ ref('int_kpi_periods') }}

),

-- measured from the day on which the customer wanted it: who asks for later does not wait
delivered as (

    select
        location_id,
        region,
        category,
        segment_id,
        delivered_date,
        greatest(delivered_date - demand_date, 0) as delivery_days
    from lines
    where delivered_date >= (select min(periods.period_start_date) from periods)

),

by_day as (

    select
        {{ kpi_scope_columns() }},
        delivered_date,
        delivery_days,
        count(*) as line_count
    from delivered
    group by {{ kpi_grouping_sets('delivered_date, delivery_days') }}

),

by_period as (

    select
        by_day.scope_type,
        by_day.scope_id,
        periods.period,
        periods.window_days,
        periods.period_end_date,
        by_day.delivery_days,
        sum(by_day.line_count) as line_count
    from by_day
    inner join periods
        on
            by_day.delivered_date between periods.period_start_date and periods.period_end_date
            and (periods.period = 'rolling' or by_day.scope_type = 'network')
    group by all

),

ranked as (

    select
        scope_type,
        scope_id,
        period,
        window_days,
        period_end_date,
        delivery_days,
        line_count,
        sum(line_count) over (
            partition by scope_type, scope_id, period, window_days, period_end_date
            order by delivery_days
        ) as lines_up_to,
        sum(line_count) over (
            partition by scope_type, scope_id, period, window_days, period_end_date
        ) as all_lines
    from by_period

)

-- a quantile of whole days is the smallest day by which that share was delivered
select
    scope_type,
    scope_id,
    period,
    window_days,
    period_end_date,
    sum(line_count) as delivered_lines,
    sum(delivery_days * line_count) as delivery_days_total,
    min(delivery_days) filter (lines_up_to >= 0.5 * all_lines) as delivery_days_p50,
    min(delivery_days) filter (lines_up_to >= 0.9 * all_lines) as delivery_days_p90
from ranked
group by scope_type, scope_id, period, window_days, period_end_date
