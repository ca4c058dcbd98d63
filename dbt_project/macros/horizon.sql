{#
    Money at risk is what is lost within the horizon of risks, for every kind of exception: only then do
    kinds compare. What is lost once counts whole, what goes on counts for those days.
#}

{# What a value in stock costs to carry over the horizon, or over fewer days when it is gone earlier. #}
{% macro carrying_over_horizon(value, holding_rate, days=none) -%}
    {%- set carried_days = var('risk_horizon_days') if days is none
        else 'least(' ~ var('risk_horizon_days') ~ ', ' ~ days ~ ')' -%}
    {{ amount(value, 'cast(coalesce(' ~ holding_rate ~ ', 0) * ' ~ carried_days ~ ' / 365 as decimal(18, 6))') }}
{%- endmacro %}

{# Units that are asked for over some days, as far as these lie within the horizon. #}
{% macro within_horizon(quantity, days) -%}
    {{ units(
        quantity ~ ' * least(1, coalesce(cast(' ~ var('risk_horizon_days') ~ ' as double) / nullif(' ~ days
        ~ ', 0), 1))'
    ) }}
{%- endmacro %}
