with

scorecards as (

    select * from {{ ref('stg_science__supplier_scorecard') }}

),

expectations as (

    select * from {{ ref('stg_science__supply_expectation') }}

),

overdue as (

    select * from {{ ref('int_exceptions_overdue_supply') }}

),

lead_times as (

    select * from {{ ref('stg_science__lead_time') }}

),

holds as (

    select * from {{ ref('fct_unit_holds') }}

),

units as (

    select * from {{ ref('fct_units') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

-- a unit counts once, however many holds are open on it
held as (

    select
        unit_id,
        min(hold_kind) as hold_kind
    from holds
    where is_open
    group by unit_id

)

select
    'supplier' as risk_id,
    supplier_id as driver,
    {{ rate('late_share * due_line_count') }} as numerator,
    {{ rate('due_line_count') }} as denominator,
    cast(null as decimal(18, 4)) as value_at_risk,
    due_line_count as observation_count
from scorecards
-- a supplier's row of all places repeats theirs
where late_share is not null and location_id <> '*'
union all
select
    'production' as risk_id,
    coalesce(supplier_id, 'no supplier stated') as driver,
    case when is_overdue then 1 else 0 end as numerator,
    1 as denominator,
    0 as value_at_risk,
    1 as observation_count
from expectations
union all
select
    'production' as risk_id,
    coalesce(places.supplier_id, 'no supplier stated') as driver,
    0 as numerator,
    0 as denominator,
    overdue.value_at_risk,
    0 as observation_count
from overdue
inner join places
    on overdue.item_id = places.item_id and overdue.location_id = places.location_id
union all
select
    'transport' as risk_id,
    supplier_id || ' to ' || location_id as driver,
    {{ rate('(lead_time_p90_days - lead_time_p50_days) * sample_count') }} as numerator,
    {{ rate('lead_time_p50_days * sample_count') }} as denominator,
    cast(null as decimal(18, 4)) as value_at_risk,
    sample_count as observation_count
from lead_times
where sample_count > 0
union all
select
    'quality' as risk_id,
    held.hold_kind as driver,
    case when held.unit_id is null then 0 else 1 end as numerator,
    1 as denominator,
    case
        when held.unit_id is null then 0
        else {{ amount(
            'units.unit_cost',
            'cast(coalesce(places.holding_rate, 0) * ' ~ var('risk_horizon_days') ~ ' / 365 as decimal(18, 6))'
        ) }}
    end as value_at_risk,
    1 as observation_count
from units
left join held on units.unit_id = held.unit_id
left join places
    on units.item_id = places.item_id and units.location_id = places.location_id
where units.unit_status = 'at_location'
