{# Money as text for people: 24,177,301. #}
{% macro shown_money(amount) %}format('{:,.0f}', cast({{ amount }} as double)){% endmacro %}
