{%- set evidence = trend_evidence(14) -%}

with

scorecard_trend as (

    select * from {{ ref('scorecard_trend') }}

),

evidence as (

    {{ evidence | indent(4) }}

),

origins as (

    select * from {{ ref('int_scorecard_origins') }}
    where check_number = 14

),

{{ trend_series_cte() }},

-- what is at zero cannot fall any further
judged as (

    select
        coalesce(sum(series.row_count), 0) as evidence_rows,
        max(series.change_share) as value,
        coalesce(bool_and(
            series.slope_per_month < 0 or (series.median_value = 0 and series.last_value = 0)
        ), false) as is_met,
        {{ trend_missing(['stock_outs', 'backorders', 'expedites']) }} as null_reason
    from series
    full outer join origins on true

)

select
    {{ scorecard_row(14, 'scorecard_trend', evidence, 0, 'share') }}
from judged
