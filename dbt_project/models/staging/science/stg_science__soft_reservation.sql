with

source as (

    select * from {{ source('science', 'opt_out__soft_reservation') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        reservation_id,
        item_id,
        location_id,
        segment_id,
        opened_at,
        units,
        own_units,
        pool_units,
        consumed_units,
        released_units,
        expired_units,
        open_units,
        reservation_status,
        action_id,
        expires_at,
        closed_at
    from source

)

select * from chosen
