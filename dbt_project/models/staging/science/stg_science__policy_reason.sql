with

source as (

    select * from {{ source('science', 'opt_out__policy_reason') }}

),

-- numbers stay as they were written: they are calculated with again
chosen as (

    select
        item_id,
        location_id,
        policy_number,
        driver,
        driver_units,
        old_units,
        new_units,
        driver_rank,
        main_driver,
        is_pending,
        reason_code,
        method,
        status
    from source

)

select * from chosen
