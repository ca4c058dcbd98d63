with

source as (

    select * from {{ source('science', 'opt_out__order_tracking') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        tracking_id,
        milestone_step,
        milestone_name,
        delay_status,
        message,
        reached_at,
        current_promise_date,
        predicted_p50_date,
        handover_date,
        model
    from source

)

select * from chosen
