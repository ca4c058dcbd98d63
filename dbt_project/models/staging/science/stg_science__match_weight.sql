with

source as (

    select * from {{ source('science', 'opt_out__match_weight') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        feature,
        feature_weight,
        observation_count,
        reason_code,
        method,
        status,
        standard_error
    from source

)

select * from chosen
