with

source as (

    select * from {{ source('science', 'opt_out__borrow_loan') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        loan_id,
        item_id,
        location_id,
        segment_id,
        opened_at,
        borrowed_units,
        returned_units,
        expired_units,
        open_units,
        loan_status,
        borrow_repays,
        action_id,
        expires_at,
        closed_at,
        reservation_id
    from source

)

select * from chosen
