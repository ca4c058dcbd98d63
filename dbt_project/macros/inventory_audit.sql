{#
    What the three audits of stock share: when a difference counts, and how their rows are told.
#}

{# Conditions in which stock can be sold, as a SQL list. #}
{% macro sellable_conditions() -%}
    ({% for name in var('sellable_conditions') %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# Most that units may differ and still be the same: a share of what the system says. #}
{% macro audit_tolerance(system_units) -%}
    {{ units(var('audit_tolerance_share') ~ ' * greatest(' ~ system_units ~ ', 0)') }}
{%- endmacro %}
