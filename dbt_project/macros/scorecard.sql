{#
    The scorecard: every check is one model that reads published tables and nothing else, so that the
    query it rests on can be run again on published.duckdb by whoever doubts it. The text of that query
    stands in the model once: it is what the model computes from, and what it publishes.
#}

{# The row of a check, from a CTE `judged` with one row: evidence_rows, value, is_met, null_reason. #}
{% macro scorecard_row(check_number, evidence_table, evidence_query, threshold, unit) -%}
    cast({{ check_number }} as integer) as check_number,
    case
        when judged.null_reason is not null then 'not_evidenced'
        when judged.is_met then 'yes'
        else 'no'
    end as status,
    case when judged.null_reason is null then round(cast(judged.value as double), 6) end as value,
    cast({{ threshold }} as double) as threshold,
    '{{ unit }}' as unit,
    cast(judged.evidence_rows as bigint) as evidence_rows,
    '{{ evidence_table }}' as evidence_table,
    {{ sql_text(evidence_query) }} as evidence_query,
    judged.null_reason
{%- endmacro %}

{# A text of SQL as a literal. #}
{% macro sql_text(query) -%}
    '{{ query | trim | replace("'", "''") }}'
{%- endmacro %}

{#
    Why rows of a table are no evidence: there are none, or a column that the check stands on is empty
    in all of them. Aggregates over the CTE `evidence`; null where there is evidence.
#}
{% macro missing_evidence(table, columns) -%}
    case
        when count(*) = 0 then 'no_rows_in_{{ table }}'
        {%- for column in columns %}
        when count({{ column }}) = 0 then 'no_values_in_{{ column }}'
        {%- endfor %}
    end
{%- endmacro %}

{#
    Slopes of series after Theil and Sen: the median of the slopes between every two points. `points` is
    a CTE with (series, x, y); these are the CTEs behind it, the last one `slopes` with a row per series.
    Beside the slope the ends of a 90 % interval (Sen 1968): of the m slopes in ascending order those
    (m - c) / 2 from both ends, c = 1.645 sqrt(n (n - 1) (2 n + 5) / 18).
#}
{% macro theil_sen_ctes(points) -%}
point_pairs as (

    select
        earlier.series,
        (later.y - earlier.y) / (later.x - earlier.x) as slope
    from {{ points }} as earlier
    inner join {{ points }} as later on earlier.series = later.series and earlier.x < later.x

),

point_counts as (

    select
        series,
        count(*) as n
    from {{ points }}
    group by series

),

slopes_ordered as (

    select
        point_pairs.series,
        median(point_pairs.slope) as slope,
        list_sort(list(point_pairs.slope)) as ordered,
        count(*) as m,
        1.645 * sqrt(max(point_counts.n * (point_counts.n - 1) * (2 * point_counts.n + 5)) / 18.0) as c
    from point_pairs
    inner join point_counts on point_pairs.series = point_counts.series
    group by point_pairs.series

),

slopes as (

    select
        series,
        slope,
        ordered[greatest(1, cast(floor((m - c) / 2) as bigint))] as slope_low,
        ordered[least(m, cast(ceil((m + c) / 2) as bigint) + 1)] as slope_high
    from slopes_ordered

)
{%- endmacro %}

{#
    Why a trend proves nothing: a series is missing, it has too few points, or a column of the source
    that it rests on was generated or filled with a default. Over one row per series, joined to `origins`.
#}
{% macro trend_missing(names) -%}
    case
        {%- for name in names %}
        when count(*) filter (series.series = '{{ name }}') = 0 then 'no_points_of_{{ name }}'
        {%- endfor %}
        when min(series.point_count) < {{ var('scorecard_trend_points') }}
            then 'fewer_than_{{ var("scorecard_trend_points") }}_points'
        when max(origins.unproven) is not null
            then 'not_recorded_at_the_source: ' || max(origins.unproven)
    end
{%- endmacro %}

{# The points of a check that judges a trend: its evidence, as text. #}
{% macro trend_evidence(check_number) -%}
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
where check_number = {{ check_number }}
{%- endmacro %}

{# The CTE `series`, one row per series of the CTE `evidence`: where it stands and where it goes. #}
{% macro trend_series_cte() -%}
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

)
{%- endmacro %}
