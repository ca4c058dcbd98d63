with

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

supply as (

    select * from {{ ref('stg_science__supply_expectation') }}

)

select
    'overdue_supply' as exception_type,
    case when supply.is_counted then 'medium' else 'high' end as severity,
    supply.item_id,
    supply.location_id,
    sum({{ amount('supply.open_units', 'places.unit_cost') }}) as value_at_risk,
    sum(supply.open_units) as quantity_units,
    case when supply.is_counted then 'overdue_still_counted' else 'overdue_not_counted' end
        as reason_code,
    'Overdue order lines: ' || count(*) || '; the oldest by ' || max(supply.overdue_days)
    || ' days; the next as likely here by ' || min(supply.expected_p50_date) || ' as not.' as detail,
    case
        when supply.is_counted then 'Ask the supplier for a date; close what will not come.'
        else 'It no longer nets against need: have the date confirmed, or close the line.'
    end as suggested_action
from supply
inner join places
    on supply.item_id = places.item_id and supply.location_id = places.location_id
where supply.is_overdue
group by supply.item_id, supply.location_id, supply.is_counted
