{#
    Condition that a source row was known at the business date: it was loaded by then, and none of
    the given event dates lies after it. Dates of what is expected lie in the future by nature and
    are not given.
#}
{% macro known_at_as_of(event_dates=[]) -%}
    cast(source.loaded_at as date) <= run_context.as_of
    {%- for event_date in event_dates %}
    and (source.{{ event_date }} is null or cast(source.{{ event_date }} as date) <= run_context.as_of)
    {%- endfor %}
{%- endmacro %}
