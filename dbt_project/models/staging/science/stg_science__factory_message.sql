with

source as (

    select * from {{ source('science', 'opt_out__factory_message') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        message_id,
        order_id,
        factory_message,
        created_date,
        options,
        message,
        plant_id,
        week_start_date,
        acknowledged_at,
        is_accepted
    from source

)

select * from chosen
