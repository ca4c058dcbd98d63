with

balance_differences as (

    select * from {{ ref('fct_balance_check') }}

)

select
    'stock_not_balanced' as exception_type,
    'medium' as severity,
    item_id,
    location_id,
    difference_value as value_at_risk,
    difference_units as quantity_units,
    'movements_differ_from_stock' as reason_code,
    'Movements add up to ' || {{ shown('movement_units') }} || ', the stock table says '
    || {{ shown('stock_units') }} || '.' as detail,
    'Count the item, or find the movement that is missing.' as suggested_action
from balance_differences
