{%- set evidence -%}
select
    series,
    kpi,
    point_date,
    value,
    point_count,
    slope_per_month,
    slope_low,
    slope_high,
    change_share,
    target
from scorecard_trend
where check_number = 15
{%- endset -%}

with

scorecard_trend as (

    select * from {{ ref('scorecard_trend') }}

),

evidence as (

    {{ evidence | indent(4) }}

),

origins as (

    select * from {{ ref('int_scorecard_origins') }}
    where check_number = 15

),

-- one row per series
series as (

    select
        series,
        count(*) as row_count,
        max(point_count) as point_count,
        max(slope_per_month) as slope_per_month,
        max(change_share) as change_share,
        max(target) as target,
        median(value) as median_value,
        arg_max(value, point_date) as last_value
    from evidence
    group by series

),

-- stock that grows with sales is not a worse stock: both are shares of a year's cost of sales
judged as (

    select
        coalesce(sum(series.row_count), 0) as evidence_rows,
        max(series.change_share) as value,
        coalesce(bool_and(
            series.slope_per_month < 0 or (series.median_value = 0 and series.last_value = 0)
        ), false) as is_met,
        {{ trend_missing(['excess_and_obsolete', 'inventory_cash']) }} as null_reason
    from series
    full outer join origins on true

)

select
    {{ scorecard_row(15, 'scorecard_trend', evidence, 0, 'share') }}
from judged
