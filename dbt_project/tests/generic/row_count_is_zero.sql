{# The table is a list of differences, and there is none. #}
{% test row_count_is_zero(model) %}
    select * from {{ model }}
{% endtest %}
