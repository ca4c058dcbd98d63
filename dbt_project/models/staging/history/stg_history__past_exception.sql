with

source as (

    select * from {{ source('history', 'past__exception') }}

),

typed as (

    select
        release_id,
        release_as_of,
        releases_back,
        exception_id,
        exception_type,
        severity,
        item_id,
        location_id,
        value_at_risk,
        quantity_units,
        reason_code,
        detail,
        suggested_action,
        first_seen_date,
        days_open,
        exception_status,
        owner_role,
        attention
    from source

)

select * from typed
