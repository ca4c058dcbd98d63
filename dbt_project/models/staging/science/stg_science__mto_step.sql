with

source as (

    select * from {{ source('science', 'opt_out__mto_step') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        order_id,
        milestone_code,
        milestone_number,
        milestone_step,
        milestone_state,
        milestone_name,
        planned_date,
        reached_at,
        predicted_p50_date,
        predicted_p90_date,
        event_id
    from source

)

select * from chosen
