{# What a made-to-order order earns as it was quoted; its whole price where no cost was quoted. #}
{% macro order_margin(orders) -%}
    greatest(coalesce({{ orders }}.quoted_price - {{ orders }}.quoted_cost, {{ orders }}.quoted_price, 0), 0)
{%- endmacro %}
