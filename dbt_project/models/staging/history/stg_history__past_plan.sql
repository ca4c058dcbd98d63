with

source as (

    select * from {{ source('history', 'past__plan') }}

),

typed as (

    select
        release_id,
        release_as_of,
        cast(window_weeks as integer) as window_weeks,
        plan_kind,
        item_id,
        location_id,
        {{ units('planned_units') }} as planned_units,
        {{ units('planned_base_units') }} as planned_base_units
    from source

)

select * from typed
