with

source as (

    select * from {{ source('science', 'opt_out__unit_reservation_entry') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        event_id,
        ledger_seq,
        event_at,
        unit_operation,
        unit_id,
        reservation_id,
        entry_status,
        actor,
        reason_code,
        customer_id,
        order_id,
        expires_at,
        note
    from source

)

select * from chosen
