{# A quantity as text for people: 12, 0.5; not 12.000. #}
{% macro shown(units) %}format('{:g}', cast({{ units }} as double)){% endmacro %}
