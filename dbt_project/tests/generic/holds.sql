{# The condition holds in every row. A condition that is null does not hold. #}
{% test holds(model, condition) %}
    select *
    from {{ model }}
    where coalesce({{ condition }}, false) is false
{% endtest %}
