with

source as (

    select * from {{ source('history', 'past__scorecard') }}

),

typed as (

    select
        release_id,
        release_as_of,
        releases_back,
        check_number,
        status,
        value
    from source

)

select * from typed
