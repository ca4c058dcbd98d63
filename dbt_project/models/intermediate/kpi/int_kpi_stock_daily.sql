with

spells as (

    select * from {{ ref('int_stock_spells') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

first_day as (

    select min(period_start_date) as first_date from {{ ref('int_kpi_periods') }}

),

-- how much a day without stock weighs: what is asked for there in all the days that are looked at
demand as (

    select
        daily.item_id,
        daily.location_id,
        sum(daily.demand_units) as demand_weight_units
    from {{ ref('int_demand_daily') }} as daily
    cross join first_day
    where daily.demand_date >= first_day.first_date
    group by daily.item_id, daily.location_id

),

units as (

    select * from {{ ref('fct_units') }}

),

-- each spell as the change against the one before it: changes add up over any scope
changes as (

    select
        places.location_id,
        places.region,
        places.category,
        greatest(spells.valid_from, first_day.first_date) as stock_date,
        places.holding_rate,
        spells.on_hand_units - spells.previous_units as units_change,
        {{ amount('spells.on_hand_units - spells.previous_units', 'places.unit_cost') }} as value_change,
        case
            when not places.is_ranged then 0
            else
                cast(spells.on_hand_units = 0 as integer)
                - cast(spells.previous_units = 0 and not spells.is_first as integer)
        end as empty_change,
        case when places.is_ranged and spells.is_first then 1 else 0 end as ranged_change,
        greatest(coalesce(demand.demand_weight_units, 0), 0) as demand_weight_units,
        cast(
            places.is_ranged
            and not spells.is_first
            and spells.on_hand_units = 0
            and spells.previous_units > 0
            and spells.valid_from >= first_day.first_date
            as integer
        ) as stockout_incidents,
        0 as uncounted_value_change
    from spells
    cross join first_day
    inner join places
        on spells.item_id = places.item_id and spells.location_id = places.location_id
    left join demand
        on spells.item_id = demand.item_id and spells.location_id = demand.location_id

    union all

    -- units that are kept for the house lie in the stock and do not turn
    select
        places.location_id,
        places.region,
        places.category,
        greatest(units.location_received_date, first_day.first_date) as stock_date,
        places.holding_rate,
        0 as units_change,
        0 as value_change,
        0 as empty_change,
        0 as ranged_change,
        0 as demand_weight_units,
        0 as stockout_incidents,
        places.unit_cost as uncounted_value_change
    from units
    cross join first_day
    inner join places
        on units.item_id = places.item_id and units.location_id = places.location_id
    where
        units.unit_status = 'at_location'
        and not units.counts_in_kpi
        and units.location_received_date is not null

),

scope_changes as (

    select
        {{ kpi_scope_columns(has_segment=false) }},
        stock_date,
        sum(units_change) as units_change,
        sum(value_change) as value_change,
        sum({{ amount('value_change', 'holding_rate') }}) as yearly_cost_change,
        sum(empty_change) as empty_change,
        sum(ranged_change) as ranged_change,
        sum(empty_change * demand_weight_units) as empty_demand_change,
        sum(ranged_change * demand_weight_units) as ranged_demand_change,
        sum(stockout_incidents) as stockout_incidents,
        sum(uncounted_value_change) as uncounted_value_change
    from changes
    group by {{ kpi_grouping_sets('stock_date', has_segment=false) }}

),

scopes as (

    select
        scope_type,
        scope_id,
        min(stock_date) as first_date
    from scope_changes
    group by scope_type, scope_id

),

days as (

    select
        scopes.scope_type,
        scopes.scope_id,
        cast(
            unnest(
                generate_series(
                    cast(scopes.first_date as timestamp),
                    cast(run_context.as_of as timestamp),
                    interval 1 day
                )
            ) as date
        ) as stock_date
    from scopes
    cross join run_context

)

select
    days.scope_type,
    days.scope_id,
    days.stock_date,
    sum(coalesce(scope_changes.units_change, 0)) over running as on_hand_units,
    sum(coalesce(scope_changes.value_change, 0)) over running as on_hand_value,
    sum(coalesce(scope_changes.yearly_cost_change, 0)) over running as yearly_carrying_cost,
    sum(coalesce(scope_changes.empty_change, 0)) over running as empty_item_locations,
    sum(coalesce(scope_changes.ranged_change, 0)) over running as ranged_item_locations,
    sum(coalesce(scope_changes.empty_demand_change, 0)) over running as empty_demand_units,
    sum(coalesce(scope_changes.ranged_demand_change, 0)) over running as ranged_demand_units,
    coalesce(scope_changes.stockout_incidents, 0) as stockout_incidents,
    greatest(
        sum(coalesce(scope_changes.value_change, 0)) over running
        - sum(coalesce(scope_changes.uncounted_value_change, 0)) over running,
        0
    ) as counted_value
from days
left join scope_changes
    on
        days.scope_type = scope_changes.scope_type
        and days.scope_id = scope_changes.scope_id
        and days.stock_date = scope_changes.stock_date
window running as (
    partition by days.scope_type, days.scope_id
    order by days.stock_date
)
