with

source as (

    select * from {{ source('history', 'past__policy_key') }}

),

typed as (

    select
        item_id,
        location_id,
        unbroken_periods
    from source

)

select * from typed
