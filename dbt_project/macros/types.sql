{#
    The decimals of the marts. DuckDB adds doubles in the order of its threads, so a double is
    never summed: quantities, money and rates become decimals in staging, doubles again on leaving.
    An addition of decimals is exact in any order.
#}
{% macro units(expression) %}cast({{ expression }} as decimal(18, 3)){% endmacro %}
{% macro money(expression) %}cast({{ expression }} as decimal(18, 4)){% endmacro %}
{% macro rate(expression) %}cast({{ expression }} as decimal(18, 6)){% endmacro %}
