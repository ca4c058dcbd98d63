with

planned as (

    select * from {{ ref('int_positions_planned') }}

),

forced as (

    select
        *,
        position_after_units - greatest(
            order_up_to_units, {{ units('demand_per_day_units * ' ~ var('moq_excess_cover_days')) }}
        ) as forced_units
    from planned
    where ordered_units > 0

)

select
    'moq_excess' as exception_type,
    'medium' as severity,
    item_id,
    location_id,
    -- carrying, over the horizon, what only the minimum or the lot made us order
    {{ carrying_over_horizon(
        amount('least(forced_units, ordered_units)', 'unit_cost'), 'holding_rate'
    ) }} as value_at_risk,
    least(forced_units, ordered_units) as quantity_units,
    case when moq_units >= ordered_units then 'minimum_order' else 'lot_size' end as reason_code,
    'The order of ' || {{ shown('ordered_units') }} || ' (minimum ' || {{ shown('coalesce(moq_units, 0)') }}
    || ', lot ' || {{ shown('coalesce(lot_units, 0)') }} || ') raises the position to '
    || {{ shown('position_after_units') }} || ', which is more than '
    || '{{ var("moq_excess_cover_days") }} days of demand.' as detail,
    'Agree on a smaller minimum, order with other locations, or let the need go.' as suggested_action
from forced
where forced_units > 0
