{#
    The decimals of the marts. DuckDB adds doubles in the order of its threads, so a double is
    never summed: quantities, money and rates become decimals in staging, doubles again on leaving.
    An addition of decimals is exact in any order.
#}
{% macro units(expression) %}cast({{ expression }} as decimal(18, 3)){% endmacro %}
{% macro money(expression) %}cast({{ expression }} as decimal(18, 4)){% endmacro %}
{% macro rate(expression) %}cast({{ expression }} as decimal(18, 6)){% endmacro %}

{#
    Units times a price, or money times a rate, as money. One factor is widened first: DuckDB keeps
    the product of two 18-digit decimals in 18 digits, and a fleet's value does not fit with the
    decimals of both.
#}
{% macro amount(quantity, factor) -%}
    cast(cast({{ quantity }} as decimal(38, 4)) * {{ factor }} as decimal(18, 4))
{%- endmacro %}

{#
    Units times a ratio, as units; a ratio that is null is one, and costs nothing.
#}
{% macro scaled(quantity, ratio) -%}
    case
        when {{ ratio }} is null then {{ quantity }}
        else cast(cast({{ quantity }} as decimal(38, 3)) * {{ ratio }} as decimal(18, 3))
    end
{%- endmacro %}
