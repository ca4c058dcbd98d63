with

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

successors as (

    select * from {{ ref('int_item_successors') }}

),

item_locations as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- whole weeks of the window before the last one
span as (

    select {{ var('segment_demand_days') }} // 7 - 1 as earlier_weeks

),

-- as in the demand history: net of returns, without one-off orders, on the item that has the demand
requested as (

    select
        coalesce(successors.successor_item_id, lines.item_id) as item_id,
        lines.location_id,
        lines.segment_id,
        (run_context.as_of - lines.demand_date) // 7 as weeks_ago,
        {{ scaled('lines.requested_units - lines.returned_units', 'successors.ratio') }} as demand_units,
        lines.unit_price - lines.unit_cost as unit_margin,
        lines.requested_units - lines.returned_units as kept_units
    from lines
    cross join run_context
    left join successors
        on
            lines.item_id = successors.item_id
            and lines.location_id = successors.location_id
    where
        lines.is_demand
        and lines.demand_stream = 'base'
        and lines.demand_date <= run_context.as_of
        and lines.demand_date > run_context.as_of - {{ var('segment_demand_days') }}

),

weekly as (

    select
        item_id,
        location_id,
        segment_id,
        weeks_ago,
        {{ units('sum(' ~ units('demand_units') ~ ')') }} as week_units,
        sum({{ units('demand_units') }}) filter (where unit_margin is not null) as priced_units,
        sum({{ amount('kept_units', 'unit_margin') }}) as margin
    from requested
    group by item_id, location_id, segment_id, weeks_ago

),

placed as (

    select
        weekly.item_id,
        weekly.location_id,
        weekly.segment_id,
        weekly.week_units,
        case when weekly.weeks_ago = 0 then weekly.week_units end as recent_week_units,
        case when weekly.weeks_ago between 1 and span.earlier_weeks then weekly.week_units end
            as earlier_week_units,
        weekly.priced_units,
        weekly.margin
    from weekly
    cross join span

),

-- a week without requests is a week of zero: sums over the weeks there are, divided by all of them
requested_by_segment as (

    select
        item_id,
        location_id,
        segment_id,
        sum(week_units) as demand_units,
        sum(recent_week_units) as recent_week_units,
        sum(earlier_week_units) as earlier_units,
        sum(cast(earlier_week_units as decimal(38, 3)) * earlier_week_units) as earlier_units2,
        sum(priced_units) as priced_units,
        sum(margin) as margin
    from placed
    group by item_id, location_id, segment_id

),

-- what is open waits for the item that was ordered
open_orders as (

    select
        item_id,
        location_id,
        segment_id,
        sum(open_units) as open_order_units
    from lines
    where open_units > 0
    group by item_id, location_id, segment_id

),

recent as (

    select
        coalesce(requested.item_id, open_orders.item_id) as item_id,
        coalesce(requested.location_id, open_orders.location_id) as location_id,
        coalesce(requested.segment_id, open_orders.segment_id) as segment_id,
        coalesce(requested.demand_units, 0) as demand_units,
        coalesce(open_orders.open_order_units, 0) as open_order_units,
        coalesce(requested.recent_week_units, 0) as recent_week_units,
        coalesce(requested.earlier_units, 0) as earlier_units,
        coalesce(requested.earlier_units2, 0) as earlier_units2,
        requested.priced_units,
        requested.margin
    from requested_by_segment as requested
    full outer join open_orders
        on
            requested.item_id = open_orders.item_id
            and requested.location_id = open_orders.location_id
            and requested.segment_id = open_orders.segment_id

),

judged as (

    select
        recent.item_id,
        recent.location_id,
        recent.segment_id,
        recent.demand_units,
        recent.open_order_units,
        recent.recent_week_units,
        cast(recent.earlier_units as double) / span.earlier_weeks as weekly_mean_units,
        -- n Σx² - (Σx)² is exact; only the root is not
        sqrt(
            cast(
                span.earlier_weeks * recent.earlier_units2
                - cast(recent.earlier_units as decimal(38, 3)) * {{ units('recent.earlier_units') }} as double
            )
            / (span.earlier_weeks * (span.earlier_weeks - 1))
        ) as weekly_sd_units,
        -- where the place does not tell, the item's margin with the segment anywhere
        coalesce(
            {{ share_of('recent.margin', 'recent.priced_units') }},
            {{ share_of('sum(recent.margin) over everywhere', 'sum(recent.priced_units) over everywhere') }}
        ) as unit_margin
    from recent
    cross join span
    window everywhere as (partition by recent.item_id, recent.segment_id)

)

select
    judged.item_id,
    judged.location_id,
    judged.segment_id,
    cast(judged.demand_units as double) as demand_units,
    cast(judged.open_order_units as double) as open_order_units,
    cast(judged.recent_week_units as double) as recent_week_units,
    judged.weekly_mean_units,
    judged.weekly_sd_units,
    judged.unit_margin
from judged
inner join item_locations
    on
        judged.item_id = item_locations.item_id
        and judged.location_id = item_locations.location_id
where item_locations.is_ranged and judged.demand_units + judged.open_order_units > 0
