with

source as (

    select * from {{ source('science', 'opt_out__customer_match') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        request_id,
        match_rank,
        unit_id,
        match_score,
        fit_share,
        option_score,
        appearance_score,
        price_score,
        distance_score,
        date_score,
        ageing_score,
        scarcity_score,
        differences,
        is_assigned,
        reason_code,
        method,
        status,
        distance_km,
        ready_p90_date
    from source

)

select * from chosen
