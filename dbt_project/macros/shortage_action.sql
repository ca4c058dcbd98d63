{# What cures a shortage, in a sentence; `otherwise` where nothing does. #}
{% macro shortage_action(otherwise, cure='shortage_cure', arrival='next_supply_date') -%}
    case {{ cure }}
        when 'plan_transfer' then 'Release the transfer proposed today; it arrives ' || {{ arrival }} || '.'
        when 'plan_order' then 'Release the order proposed today; supply arrives ' || {{ arrival }} || '.'
        when 'supply_on_its_way'
            then 'Nothing: supply on its way covers it; the next arrives ' || {{ arrival }} || '.'
        else {{ otherwise }}
    end
{%- endmacro %}
