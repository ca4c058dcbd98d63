with

planned as (

    select * from {{ ref('int_positions_planned') }}

),

-- what will be asked for before anything can arrive; without any supply, until an order of today could
waiting as (

    select
        *,
        coalesce(backorder_units, 0) + coalesce(
            least(
                {{ units('demand_per_day_units * date_diff(\'day\', as_of, next_supply_date)') }},
                {{ within_horizon('protection_demand_units', 'protection_days') }}
            ),
            {{ within_horizon('protection_demand_units', 'protection_days') }}
        ) as missed_units
    from planned

)

select
    'stock_out' as exception_type,
    'high' as severity,
    item_id,
    location_id,
    {{ amount('missed_units', 'shortage_cost') }} as value_at_risk,
    missed_units as quantity_units,
    'none_available' as reason_code,
    'Nothing available; '
    || coalesce('supply expected ' || next_supply_date, 'no supply on its way')
    || '.' as detail,
    {{ shortage_action("'Hurry open supply, or move stock from another location.'") }} as suggested_action,
    shortage_cure as handled_by
from waiting
where
    available_units <= 0
    and protection_demand_units > 0
    -- missing is what somebody waits for, or what the policy stocks and will be asked for: an item
    -- that sells less than one unit before supply can arrive is empty most of the time
    and (
        backorder_units > 0
        or order_up_to_units > 0 and protection_demand_units >= {{ var('stock_out_least_demand_units') }}
    )
