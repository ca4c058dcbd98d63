with

biases as (

    select * from {{ ref('stg_science__forecast_bias') }}

),

planned as (

    select * from {{ ref('int_positions_planned') }}

),

-- how far one forecast over the protection time is off, at what the drift was per day
missed as (

    select
        biases.item_id,
        biases.location_id,
        biases.actual_units,
        biases.forecast_units,
        biases.tracking_signal,
        biases.bias_units > 0 as is_too_low,
        planned.unit_cost,
        planned.shortage_cost,
        planned.holding_rate,
        {{ units(
            'abs(biases.bias_units) / biases.origin_count / (7 * biases.horizon_weeks) * planned.protection_days'
        ) }} as missed_units
    from biases
    inner join planned
        on biases.item_id = planned.item_id and biases.location_id = planned.location_id
    where biases.is_drifting

)

select
    'forecast_drift' as exception_type,
    'medium' as severity,
    item_id,
    location_id,
    -- too low: sales missed; too high: carrying what is stocked for nobody
    case
        when is_too_low then {{ amount('missed_units', 'shortage_cost') }}
        else {{ carrying_over_horizon(amount('missed_units', 'unit_cost'), 'holding_rate') }}
    end as value_at_risk,
    missed_units as quantity_units,
    case when is_too_low then 'forecast_too_low' else 'forecast_too_high' end as reason_code,
    'Forecasts added up to ' || {{ shown('forecast_units') }} || ' units, demand to '
    || {{ shown('actual_units') }} || '; tracking signal ' || {{ shown('round(tracking_signal, 1)') }} || '.'
        as detail,
    'Find what changed (a level, an event, an item replaced), and correct the history or the plan.'
        as suggested_action
from missed
