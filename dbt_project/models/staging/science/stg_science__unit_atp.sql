with

source as (

    select * from {{ source('science', 'opt_out__unit_atp') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        unit_id,
        item_id,
        location_id,
        is_promisable,
        reason_code,
        method,
        status,
        ready_p50_date,
        ready_p90_date,
        reservation_id,
        order_id
    from source

)

select * from chosen
