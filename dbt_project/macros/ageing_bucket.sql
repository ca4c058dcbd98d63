{# Name of the ageing bucket of an age in whole days; edges are upper bounds, the last is open. #}
{% macro ageing_bucket(age_days) -%}
    case
        when {{ age_days }} is null then 'unknown'
        {%- set lower = namespace(edge=0) %}
        {%- for upper in var('ageing_bucket_edges') %}
        when {{ age_days }} <= {{ upper }} then '{{ lower.edge }}-{{ upper }}'
        {%- set lower.edge = (upper | int) + 1 %}
        {%- endfor %}
        else '{{ lower.edge }}+'
    end
{%- endmacro %}
