{#
    KPIs are computed from one table of additive measures per scope and period
    (int_kpi_measures): sums first, the ratio last, so that a ratio is never averaged.
#}

{# Aggregate rows of (location_id, region, category[, segment_id]) to every scope at once. #}
{% macro kpi_scope_columns(has_segment=true, has_category=true) -%}
    case
        when grouping(location_id) = 0 then 'location'
        when grouping(region) = 0 then 'region'
        {%- if has_category %}
        when grouping(category) = 0 then 'category'
        {%- endif %}
        {%- if has_segment %}
        when grouping(segment_id) = 0 then 'segment'
        {%- endif %}
        else 'network'
    end as scope_type,
    coalesce(
        location_id, region{{ ', category' if has_category }}{{ ', segment_id' if has_segment }}, '*'
    ) as scope_id
{%- endmacro %}

{% macro kpi_grouping_sets(keys, has_segment=true, has_category=true) -%}
    grouping sets (
        ({{ keys }}),
        (location_id, {{ keys }}),
        (region, {{ keys }}){{ ',' if has_category or has_segment }}
        {%- if has_category %}
        (category, {{ keys }}){{ ',' if has_segment }}
        {%- endif %}
        {%- if has_segment %}
        (segment_id, {{ keys }})
        {%- endif %}
    )
{%- endmacro %}

{#
    The columns of one KPI row over `measures`. All arguments after the name are SQL expressions.
    A ratio is null, with a reason, when its denominator is zero or missing; an amount has no
    denominator (leave it out) and is null only when its numerator is.
#}
{% macro kpi_row(kpi, numerator, n, basis, null_reason, denominator=none) -%}
    '{{ kpi }}' as kpi,
    measures.scope_type,
    measures.scope_id,
    measures.period,
    measures.window_days,
    measures.period_end_date,
    cast({{ numerator }} as double) as numerator,
    {%- if denominator is none %}
    cast(null as double) as denominator,
    cast({{ numerator }} as double) as value,
    {%- else %}
    cast({{ denominator }} as double) as denominator,
    case
        when coalesce({{ denominator }}, 0) <> 0
            then cast({{ numerator }} as double) / cast({{ denominator }} as double)
    end as value,
    {%- endif %}
    cast(coalesce({{ n }}, 0) as bigint) as n,
    {{ basis }} as basis,
    case
        when {{ numerator }} is null
        {%- if denominator is not none %} or coalesce({{ denominator }}, 0) = 0{% endif %}
            then {{ null_reason }}
    end as null_reason
{%- endmacro %}

{# What a yearly figure is computed from: a year, or fewer days scaled to a year. #}
{% macro annual_basis() -%}
    case
        when measures.stock_days < measures.window_days
            then 'annualised from ' || measures.stock_days || ' days of stock history'
        when measures.window_days = 365 then 'year'
        else 'annualised from ' || measures.window_days || ' days'
    end
{%- endmacro %}
