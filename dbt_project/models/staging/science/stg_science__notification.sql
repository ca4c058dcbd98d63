with

source as (

    select * from {{ source('science', 'opt_out__notification') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        message_id,
        notification_kind,
        subject_id,
        created_date,
        message,
        customer_id,
        location_id,
        subject_date
    from source

)

select * from chosen
