with

source as (

    select * from {{ source('science', 'opt_out__unit_reservation') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        reservation_id,
        unit_id,
        unit_reservation_state,
        opened_at,
        actor,
        reason_code,
        customer_id,
        order_id,
        order_priority,
        hold_kind,
        expires_at,
        closed_at,
        note
    from source

)

select * from chosen
