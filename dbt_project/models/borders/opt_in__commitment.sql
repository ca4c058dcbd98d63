with

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

open_supply as (

    select * from {{ ref('int_supply_open_netted') }}

),

lanes as (

    select * from {{ ref('stg_ims__lane') }}

),

item_locations as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- what is overdue is due today
promised_to_customers as (

    select
        lines.item_id,
        lines.location_id,
        lines.segment_id,
        greatest(lines.demand_date, run_context.as_of) as due_date,
        lines.open_units as committed_units
    from lines
    cross join run_context
    where lines.open_units > 0

),

-- a transfer that has been agreed and not sent leaves in time for its arrival; one under way has left
promised_to_locations as (

    select
        open_supply.item_id,
        open_supply.from_location_id as location_id,
        'POOL' as segment_id,
        greatest(
            open_supply.expected_date - cast(ceil(coalesce(lanes.transit_days, 0)) as integer),
            run_context.as_of
        ) as due_date,
        open_supply.open_units as committed_units
    from open_supply
    cross join run_context
    left join lanes
        on
            open_supply.from_location_id = lanes.from_location_id
            and open_supply.location_id = lanes.to_location_id
    where
        open_supply.from_location_id is not null
        and open_supply.is_counted
        and open_supply.supply_status in ('open', 'confirmed')

),

promised as (

    select * from promised_to_customers
    union all
    select * from promised_to_locations

),

summed as (

    select
        item_id,
        location_id,
        segment_id,
        due_date,
        sum({{ units('committed_units') }}) as committed_units
    from promised
    group by item_id, location_id, segment_id, due_date

)

select
    summed.item_id,
    summed.location_id,
    summed.segment_id,
    summed.due_date,
    cast(summed.committed_units as double) as committed_units
from summed
inner join item_locations
    on
        summed.item_id = item_locations.item_id
        and summed.location_id = item_locations.location_id
where item_locations.is_ranged
