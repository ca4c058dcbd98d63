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
        case when places.is_ranged and spells.is_first then 1 else 0 end as ranged_change
    from spells
    cross join first_day
    inner join places
        on spells.item_id = places.item_id and spells.location_id = places.location_id

),

scope_changes as (

    select
        {{ kpi_scope_columns(has_segment=false) }},
        stock_date,
        sum(units_change) as units_change,
        sum(value_change) as value_change,
        sum({{ amount('value_change', 'holding_rate') }}) as yearly_cost_change,
        sum(empty_change) as empty_change,
        sum(ranged_change) as ranged_change
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
    sum(coalesce(scope_changes.ranged_change, 0)) over running as ranged_item_locations
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
