with

source as (

    select * from {{ source('science', 'opt_out__seasonal_index') }}

),

typed as (

    select
        category,
        region,
        week_of_year,
        {{ rate('index_factor') }} as index_factor,
        history_weeks,
        origin_count,
        is_used,
        method,
        status,
        {{ rate('error_ratio') }} as error_ratio,
        reason_code
    from source

)

select * from typed
