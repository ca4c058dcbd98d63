with

counts as (

    select * from {{ ref('stg_ims__cycle_count') }}

),

movements as (

    select * from {{ ref('stg_ims__stock_movement') }}

),

-- a place may be counted in several rows of one day, by condition or by counter
by_day as (

    select
        item_id,
        location_id,
        coalesce(unit_id, '*') as unit_id,
        counted_date,
        sum(counted_units) as counted_units,
        coalesce(
            sum(counted_units) filter (condition not in {{ sellable_conditions() }}), 0
        ) as unsound_units,
        string_agg(distinct condition, ', ' order by condition)
        filter (condition not in {{ sellable_conditions() }}) as unsound_conditions,
        string_agg(distinct counted_by, ', ' order by counted_by) as counted_by
    from counts
    group by item_id, location_id, coalesce(unit_id, '*'), counted_date

),

latest as (

    select *
    from by_day
    qualify row_number() over (
        partition by item_id, location_id, unit_id
        order by counted_date desc
    ) = 1

),

-- what moved after the close of the day of the count
moved as (

    select
        latest.item_id,
        latest.location_id,
        latest.unit_id,
        sum(movements.quantity_units) as moved_since_units
    from latest
    inner join movements
        on
            latest.item_id = movements.item_id
            and latest.location_id = movements.location_id
            and latest.unit_id in ('*', movements.unit_id)
            and latest.counted_date < movements.movement_date
    group by latest.item_id, latest.location_id, latest.unit_id

)

select
    latest.item_id,
    latest.location_id,
    latest.unit_id,
    latest.counted_date,
    {{ units('latest.counted_units') }} as counted_units,
    {{ units('latest.unsound_units') }} as unsound_units,
    latest.unsound_conditions,
    latest.counted_by,
    {{ units('coalesce(moved.moved_since_units, 0)') }} as moved_since_units
from latest
left join moved
    on
        latest.item_id = moved.item_id
        and latest.location_id = moved.location_id
        and latest.unit_id = moved.unit_id
