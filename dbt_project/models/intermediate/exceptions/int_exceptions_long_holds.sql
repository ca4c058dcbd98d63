with

holds as (

    select * from {{ ref('opt_in__unit_hold') }}

),

reservations as (

    select * from {{ ref('stg_science__unit_reservation') }}

),

stock_units as (

    select * from {{ ref('opt_in__stock_unit') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

open_holds as (

    select
        unit_id,
        hold_id,
        hold_kind,
        opened_date
    from holds
    where closed_date is null
    union all
    select
        unit_id,
        reservation_id as hold_id,
        hold_kind,
        cast(opened_at as date) as opened_date
    from reservations
    where unit_reservation_state = 'BLOCKED'

)

select
    'unit_on_hold' as exception_type,
    'medium' as severity,
    stock_units.item_id,
    stock_units.location_id,
    -- carrying it until the horizon of risks is over
    {{ carrying_over_horizon('stock_units.unit_cost', 'places.holding_rate') }} as value_at_risk,
    {{ units('1') }} as quantity_units,
    'hold ' || open_holds.hold_id as reason_code,
    'Unit ' || open_holds.unit_id || ' has been on hold (' || open_holds.hold_kind || ') since '
    || open_holds.opened_date || '.' as detail,
    'Have the cause settled, or take the unit out of the stock to be sold.' as suggested_action
from open_holds
cross join run_context
inner join stock_units on open_holds.unit_id = stock_units.unit_id
left join places
    on stock_units.item_id = places.item_id and stock_units.location_id = places.location_id
where open_holds.opened_date < run_context.as_of - {{ var('long_hold_days') }}
