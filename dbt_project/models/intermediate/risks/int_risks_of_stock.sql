with

ageing_units as (

    select * from {{ ref('fct_ageing_units') }}

),

ageing_layers as (

    select * from {{ ref('fct_ageing_layers') }}

),

aged as (

    select * from {{ ref('int_exceptions_aged_stock') }}

),

positions as (

    select * from {{ ref('int_positions_planned') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

units as (

    select * from {{ ref('fct_units') }}

),

expectations as (

    select * from {{ ref('stg_science__supply_expectation') }}

),

margins as (

    select * from {{ ref('kpi_gross_margin') }}

),

measures as (

    select * from {{ ref('int_kpi_measures') }}

),

stock as (

    select
        category,
        unit_cost as on_hand_value,
        age_days
    from ageing_units
    union all
    select
        category,
        layer_value as on_hand_value,
        age_days
    from ageing_layers

),

-- what is bought: on order already, and proposed today
bought as (

    select
        places.supplier_id,
        places.holding_rate,
        {{ amount('expectations.open_units', 'places.unit_cost') }} as bought_value
    from expectations
    inner join places
        on expectations.item_id = places.item_id and expectations.location_id = places.location_id
    where expectations.is_counted
    union all
    select
        supplier_id,
        holding_rate,
        {{ amount('ordered_units', 'unit_cost') }} as bought_value
    from positions
    where ordered_units > 0

)

select
    'obsolescence' as risk_id,
    category as driver,
    case when age_days > {{ var('aged_after_days') }} then on_hand_value else 0 end as numerator,
    on_hand_value as denominator,
    cast(0 as decimal(18, 4)) as value_at_risk,
    1 as observation_count
from stock
union all
select
    'obsolescence' as risk_id,
    places.category as driver,
    0 as numerator,
    0 as denominator,
    aged.value_at_risk,
    0 as observation_count
from aged
inner join places
    on aged.item_id = places.item_id and aged.location_id = places.location_id
union all
select
    'carrying_cost' as risk_id,
    places.category as driver,
    {{ amount(amount('positions.on_hand_units', 'positions.unit_cost'), 'positions.holding_rate') }}
        as numerator,
    0 as denominator,
    {{ amount(
        amount('positions.on_hand_units', 'positions.unit_cost'),
        'cast(positions.holding_rate * ' ~ var('risk_horizon_days') ~ ' / 365 as decimal(18, 6))'
    ) }} as value_at_risk,
    1 as observation_count
from positions
inner join places
    on positions.item_id = places.item_id and positions.location_id = places.location_id
where positions.on_hand_units > 0
union all
select
    'carrying_cost' as risk_id,
    null as driver,
    0 as numerator,
    {{ rate('value') }} as denominator,
    0 as value_at_risk,
    0 as observation_count
from margins
where kpi = 'gross_margin' and scope_type = 'network' and period = 'rolling' and window_days = 365
union all
select
    'market_value' as risk_id,
    item_id as driver,
    {{ rate('greatest(unit_cost - estimated_value, 0)') }} as numerator,
    {{ rate('unit_cost') }} as denominator,
    {{ money('greatest(unit_cost - estimated_value, 0)') }} as value_at_risk,
    1 as observation_count
from units
where unit_status = 'at_location' and estimated_value is not null
union all
select
    'cash' as risk_id,
    supplier_id as driver,
    {{ rate('bought_value') }} as numerator,
    0 as denominator,
    {{ amount(
        'bought_value', 'cast(holding_rate * ' ~ var('risk_horizon_days') ~ ' / 365 as decimal(18, 6))'
    ) }} as value_at_risk,
    1 as observation_count
from bought
union all
select
    'cash' as risk_id,
    null as driver,
    0 as numerator,
    {{ rate('cogs') }} as denominator,
    0 as value_at_risk,
    0 as observation_count
from measures
where scope_type = 'network' and period = 'rolling' and window_days = {{ var('risk_horizon_days') }}
