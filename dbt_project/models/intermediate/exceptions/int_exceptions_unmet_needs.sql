with

planned as (

    select * from {{ ref('int_positions_planned') }}

)

select
    'unmet_need' as exception_type,
    'high' as severity,
    item_id,
    location_id,
    -- what is below the reorder point is missed at most as far as it is asked for
    {{ amount(
        'least(reorder_point_units - position_after_units, '
        ~ within_horizon('protection_demand_units', 'protection_days') ~ ')',
        'shortage_cost'
    ) }} as value_at_risk,
    reorder_point_units - position_after_units as quantity_units,
    plan_reason_code as reason_code,
    'After the plan the position is ' || {{ shown('position_after_units') }}
    || ', still below the reorder point ' || {{ shown('reorder_point_units') }} || '.' as detail,
    'Decide which need goes unmet, or widen supply, capacity or budget.' as suggested_action
from planned
where position_after_units < reorder_point_units
