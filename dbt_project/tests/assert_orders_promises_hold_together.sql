{{ config(tags=['published'], meta={'dagster': {'ref': {'name': 'mto_promise'}}}) }}

-- One reservation is active per unit; promises are numbered without a gap, made one after the other, and the
-- first of them is the one that the order's status tells.
with

reservations as (

    select * from {{ ref('unit_reservation') }}

),

promises as (

    select * from {{ ref('mto_promise') }}

),

states as (

    select * from {{ ref('mto_order_status') }}

),

numbered as (

    select
        order_id,
        promise_number,
        made_date,
        lag(made_date) over (partition by order_id order by promise_number) as previous_made_date,
        row_number() over (partition by order_id order by promise_number) as place
    from promises

)

select
    'unit that two have reserved' as problem,
    unit_id as row_id
from reservations
where unit_reservation_state in ('HELD', 'CONFIRMED', 'BROKEN')
group by unit_id
having count(*) > 1

union all

select
    'promise out of its order' as problem,
    concat_ws(' ', order_id, promise_number) as row_id
from numbered
where promise_number <> place or made_date < previous_made_date

union all

select
    'first promise that the status tells otherwise' as problem,
    states.order_id as row_id
from states
inner join promises on states.order_id = promises.order_id and promises.promise_number = 1
where states.first_promise_date is distinct from promises.promise_p90_date
