{# A ratio of two sums, as a double; null where the denominator is missing or zero. #}
{% macro share_of(numerator, denominator) -%}
    case when {{ denominator }} > 0 then cast({{ numerator }} as double) / cast({{ denominator }} as double) end
{%- endmacro %}
