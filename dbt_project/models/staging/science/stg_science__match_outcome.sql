with

source as (

    select * from {{ source('science', 'opt_out__match_outcome') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        request_id,
        candidate_count,
        reason_code,
        method,
        status,
        unit_id,
        match_score,
        outbid_by
    from source

)

select * from chosen
