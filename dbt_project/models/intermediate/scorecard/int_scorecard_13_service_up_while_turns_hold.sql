{%- set evidence = trend_evidence(13) -%}

with

scorecard_trend as (

    select * from {{ ref('scorecard_trend') }}

),

evidence as (

    {{ evidence | indent(4) }}

),

origins as (

    select * from {{ ref('int_scorecard_origins') }}
    where check_number = 13

),

{{ trend_series_cte() }},

-- service that is at its target cannot rise for ever: there it is enough that it does not fall
judged as (

    select
        coalesce(sum(series.row_count), 0) as evidence_rows,
        max(series.change_share) filter (series.series = 'fill') as value,
        coalesce(bool_and(
            case series.series
                when 'fill'
                    then
                        series.slope_per_month > 0
                        or (
                            series.median_value >= series.target
                            and series.change_share >= -{{ var('scorecard_trend_tolerance') }}
                        )
                when 'turns' then series.change_share >= -{{ var('scorecard_trend_tolerance') }}
            end
        ), false) as is_met,
        {{ trend_missing(['fill', 'turns']) }} as null_reason
    from series
    full outer join origins on true

)

select
    {{ scorecard_row(13, 'scorecard_trend', evidence, 0, 'share') }}
from judged
