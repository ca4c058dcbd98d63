with

reservations as (

    select * from {{ ref('stg_science__unit_reservation') }}

),

stock_units as (

    select * from {{ ref('opt_in__stock_unit') }}

)

select
    'reservation_broken' as exception_type,
    'high' as severity,
    stock_units.item_id,
    stock_units.location_id,
    {{ money('greatest(coalesce(stock_units.list_price - stock_units.unit_cost, 0), 0)') }} as value_at_risk,
    {{ units('1') }} as quantity_units,
    'reservation ' || reservations.reservation_id as reason_code,
    'Unit ' || reservations.unit_id || ' of reservation ' || reservations.reservation_id
    || case
        when reservations.reason_code = 'UNIT_GONE' then ' is no longer in stock nor on its way.'
        else ' is blocked.'
    end as detail,
    'Lift the block, deliver and consume the reservation, or find the customer another unit.'
        as suggested_action
from reservations
left join stock_units on reservations.unit_id = stock_units.unit_id
where reservations.unit_reservation_state = 'BROKEN'
