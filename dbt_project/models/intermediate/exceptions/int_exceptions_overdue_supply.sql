with

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

planned as (

    select * from {{ ref('int_positions_planned') }}

),

supply as (

    select * from {{ ref('stg_science__supply_expectation') }}

),

overdue as (

    select
        item_id,
        location_id,
        is_counted,
        sum({{ units('open_units') }}) as open_units,
        count(*) as line_count,
        max(overdue_days) as overdue_days,
        min(expected_p50_date) as expected_p50_date
    from supply
    where is_overdue
    group by item_id, location_id, is_counted

)

select
    'overdue_supply' as exception_type,
    case when overdue.is_counted then 'medium' else 'high' end as severity,
    overdue.item_id,
    overdue.location_id,
    -- what does not come is missed as far as it is waited for and asked for before an order of today comes
    {{ amount(
        'least(overdue.open_units, coalesce(planned.backorder_units, 0)'
        ~ ' + coalesce(' ~ within_horizon('planned.protection_demand_units', 'planned.protection_days') ~ ', 0))',
        'places.shortage_cost'
    ) }} as value_at_risk,
    overdue.open_units as quantity_units,
    case when overdue.is_counted then 'overdue_still_counted' else 'overdue_not_counted' end
        as reason_code,
    'Overdue order lines: ' || overdue.line_count || '; the oldest by ' || overdue.overdue_days
    || ' days; the next as likely here by ' || overdue.expected_p50_date || ' as not.' as detail,
    case
        when overdue.is_counted then 'Ask the supplier for a date; close what will not come.'
        else 'It no longer nets against need: have the date confirmed, or close the line.'
    end as suggested_action
from overdue
inner join places
    on overdue.item_id = places.item_id and overdue.location_id = places.location_id
left join planned
    on overdue.item_id = planned.item_id and overdue.location_id = planned.location_id
