with

source as (

    select * from {{ source('history', 'past__policy_run') }}

),

typed as (

    select
        release_id,
        release_as_of,
        releases_back,
        period_number,
        policy_keys,
        calculated_keys,
        changed_keys,
        proposed_keys,
        approved_keys
    from source

)

select * from typed
