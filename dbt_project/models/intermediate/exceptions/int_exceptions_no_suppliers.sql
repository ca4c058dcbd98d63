with

planned as (

    select * from {{ ref('int_positions_planned') }}

)

select
    'no_supplier' as exception_type,
    'high' as severity,
    item_id,
    location_id,
    {{ amount(within_horizon('protection_demand_units', 'protection_days'), 'shortage_cost') }}
        as value_at_risk,
    protection_demand_units as quantity_units,
    'no_supply_terms' as reason_code,
    'No supplier is stated for this item at this location.' as detail,
    'Add a row to item_supplier, or stop ranging the item.' as suggested_action
from planned
where supplier_id = 'UNASSIGNED' and protection_demand_units > 0
