with

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

unit_counts as (

    select * from {{ ref('int_units_reconciled') }}

)

select
    'units_not_matching_stock' as exception_type,
    'medium' as severity,
    unit_counts.item_id,
    unit_counts.location_id,
    {{ amount('abs(unit_counts.difference_units)', 'places.unit_cost') }} as value_at_risk,
    unit_counts.difference_units as quantity_units,
    'unit_count_differs_from_stock' as reason_code,
    unit_counts.unit_count || ' units are listed, the stock table says '
    || {{ shown('unit_counts.stock_units') }} || '.' as detail,
    'Find the unit that is missing or listed twice.' as suggested_action
from unit_counts
inner join places
    on unit_counts.item_id = places.item_id and unit_counts.location_id = places.location_id
where unit_counts.difference_units <> 0
