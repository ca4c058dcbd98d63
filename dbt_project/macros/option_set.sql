{#
    A set of options as one text: the ids in ascending order, each once, joined by `|`. Blanks around
    an id and empty places between two separators are nobody's option.
#}
{% macro option_set(expression) -%}
    array_to_string(
        list_sort(list_distinct(string_split_regex(trim({{ expression }}, ' |'), '[ ]*[|][| ]*'))), '|'
    )
{%- endmacro %}
