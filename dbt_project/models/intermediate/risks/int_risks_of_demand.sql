with

accuracies as (

    select * from {{ ref('stg_science__forecast_accuracy') }}

),

biases as (

    select * from {{ ref('stg_science__forecast_bias') }}

),

drifts as (

    select * from {{ ref('int_exceptions_forecast_drifts') }}

),

changes as (

    select * from {{ ref('int_market_changes') }}

),

prices as (

    select * from {{ ref('int_market_prices') }}

),

external_drivers as (

    select * from {{ ref('opt_in__external_driver') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

-- each index against itself a year before
indices as (

    select
        driver,
        scope,
        arg_max(driver_value, driver_date) as newest_value,
        max(driver_date) as newest_date
    from external_drivers
    group by driver, scope

),

year_ago as (

    select
        external_drivers.driver,
        external_drivers.scope,
        arg_max(external_drivers.driver_value, external_drivers.driver_date) as earlier_value
    from external_drivers
    inner join indices using (driver, scope)
    where external_drivers.driver_date <= indices.newest_date - 365
    group by external_drivers.driver, external_drivers.scope

)

select
    'forecast_accuracy' as risk_id,
    breakdown_value as driver,
    {{ rate('absolute_error_units') }} as numerator,
    {{ rate('actual_units') }} as denominator,
    cast(null as decimal(18, 4)) as value_at_risk,
    observation_count
from accuracies
where
    evidence = 'backtest'
    and forecast_interval = 'protection'
    and breakdown = 'category'
    and forecast_method in (
        select biases.forecast_method
        from biases
    )
union all
select
    'forecast_accuracy' as risk_id,
    places.category as driver,
    0 as numerator,
    0 as denominator,
    drifts.value_at_risk,
    0 as observation_count
from drifts
inner join places
    on drifts.item_id = places.item_id and drifts.location_id = places.location_id
union all
select
    'market_change' as risk_id,
    measure || ' of ' || market_segment || ' in ' || region as driver,
    case when is_changed then 1 else 0 end as numerator,
    1 as denominator,
    case when is_changed then value_at_risk else 0 end as value_at_risk,
    1 as observation_count
from changes
where region <> '*' and market_segment <> '*'
union all
select
    'competition' as risk_id,
    model as driver,
    {{ rate('greatest(own_price - competitor_price, 0)') }} as numerator,
    {{ rate('competitor_price') }} as denominator,
    cast(null as decimal(18, 4)) as value_at_risk,
    1 as observation_count
from prices
where own_price is not null and competitor_price > 0
union all
select
    'economy' as risk_id,
    indices.driver || case when indices.scope = '*' then '' else ' of ' || indices.scope end as driver,
    {{ rate('abs(indices.newest_value / year_ago.earlier_value - 1)') }} as numerator,
    1 as denominator,
    cast(null as decimal(18, 4)) as value_at_risk,
    1 as observation_count
from indices
inner join year_ago using (driver, scope)
where year_ago.earlier_value <> 0
