with

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

positions as (

    select * from {{ ref('int_inventory_positions_netted') }}

),

excess as (

    select * from {{ ref('int_exceptions_excess') }}

),

policies as (

    select * from {{ ref('stg_science__policy') }}

),

forecasts as (

    select * from {{ ref('stg_science__forecast') }}

),

-- what could be sold and does not count
uncounted as (

    select
        item_id,
        location_id,
        count(*) as uncounted_units
    from {{ ref('fct_units') }}
    where
        unit_status = 'at_location'
        and is_sellable
        and not counts_in_kpi
        and not is_pre_sold
        and not is_held
    group by item_id, location_id

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- the next four whole weeks
expected as (

    select
        item_id,
        location_id,
        sum({{ units('mean_units') }}) as forecast_units
    from forecasts
    where horizon_weeks <= 4
    group by item_id, location_id

),

placed as (

    select
        places.location_id,
        coalesce(places.region, 'unknown') as region,
        coalesce(places.category, 'unknown') as category,
        greatest(
            positions.on_hand_units - positions.reserved_units - coalesce(uncounted.uncounted_units, 0), 0
        ) as available_units,
        expected.forecast_units,
        coalesce({{ amount('excess.quantity_units', 'places.unit_cost') }}, 0) as excess_value,
        {{ amount('positions.on_hand_units', 'places.unit_cost') }} as on_hand_value,
        places.unit_cost,
        policies.previous_order_up_to_units,
        abs(policies.order_up_to_units - policies.previous_order_up_to_units) as level_change_units
    from places
    inner join positions
        on places.item_id = positions.item_id and places.location_id = positions.location_id
    left join uncounted
        on places.item_id = uncounted.item_id and places.location_id = uncounted.location_id
    left join expected
        on places.item_id = expected.item_id and places.location_id = expected.location_id
    left join excess
        on places.item_id = excess.item_id and places.location_id = excess.location_id
    left join policies
        on places.item_id = policies.item_id and places.location_id = policies.location_id

),

summed as (

    select
        {{ kpi_scope_columns(has_segment=false) }},
        count(*) as item_locations,
        sum({{ amount('available_units', 'unit_cost') }}) as available_value,
        count(forecast_units) as forecast_item_locations,
        sum({{ amount('forecast_units', 'unit_cost') }}) as forecast_value,
        sum(excess_value) as excess_value,
        sum(on_hand_value) as on_hand_value,
        count(previous_order_up_to_units) as changed_policies,
        sum({{ amount('level_change_units', 'unit_cost') }}) as level_change_value,
        sum({{ amount('previous_order_up_to_units', 'unit_cost') }}) as previous_level_value
    from placed
    group by grouping sets ((), (location_id), (region), (category))

)

select
    summed.*,
    'rolling' as period,
    0 as window_days,
    run_context.as_of as period_end_date
from summed
cross join run_context
