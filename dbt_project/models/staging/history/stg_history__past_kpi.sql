with

source as (

    select * from {{ source('history', 'past__kpi') }}

),

typed as (

    select
        release_id,
        release_as_of,
        releases_back,
        kpi,
        scope_type,
        scope_id,
        period,
        window_days,
        period_end_date,
        numerator,
        denominator,
        value,
        n,
        basis,
        null_reason
    from source

)

select * from typed
