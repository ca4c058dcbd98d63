with

source as (

    select * from {{ source('science', 'opt_out__mto_order_status') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        order_id,
        delay_status,
        is_stuck,
        is_silent,
        is_blocked,
        delay_days,
        reason_code,
        method,
        status,
        milestone_code,
        milestone_number,
        milestone_step,
        reached_at,
        stage_age_days,
        stage_limit_days,
        silent_days,
        predicted_p50_date,
        predicted_p90_date,
        first_promise_date,
        current_promise_date,
        at_risk_probability,
        cancel_probability,
        delay_cause,
        handover_date
    from source

)

select * from chosen
