{#
    The columns identify a row: together they are unique, and none of them is null. One test, and
    one query, where uniqueness and not-null of each column would be several.
#}
{% test is_key(model, columns) %}
    select
        {{ columns | join(', ') }},
        count(*) as row_count
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1 or {{ columns | join(' is null or ') }} is null
{% endtest %}
