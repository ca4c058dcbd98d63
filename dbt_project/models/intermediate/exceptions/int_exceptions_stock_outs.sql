with

planned as (

    select * from {{ ref('int_positions_planned') }}

)

select
    'stock_out' as exception_type,
    'high' as severity,
    item_id,
    location_id,
    {{ amount('protection_demand_units', 'shortage_cost') }} as value_at_risk,
    protection_demand_units as quantity_units,
    'none_available' as reason_code,
    'Nothing available; '
    || coalesce('supply expected ' || next_expected_date, 'no supply on its way')
    || '.' as detail,
    case
        when position_after_units > inventory_position_units
            then 'Release the order or transfer proposed today.'
        else 'Hurry open supply, or move stock from another location.'
    end as suggested_action
from planned
where
    available_units <= 0
    and protection_demand_units > 0
    -- missing is what somebody waits for, or what the policy stocks and will be asked for: an item
    -- that sells less than one unit before supply can arrive is empty most of the time
    and (
        backorder_units > 0
        or order_up_to_units > 0 and protection_demand_units >= {{ var('stock_out_least_demand_units') }}
    )
