with

source as (

    select * from {{ source('science', 'opt_out__mto_event_set_aside') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        event_id,
        order_id,
        milestone_code,
        event_at,
        reason_code,
        milestone_name,
        milestone_number,
        milestone_step
    from source

)

select * from chosen
