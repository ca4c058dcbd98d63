{%- set evidence = trend_evidence(15) -%}

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

{{ trend_series_cte() }},

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
