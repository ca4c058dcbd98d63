with

source as (

    select * from {{ source('ims', 'event_calendar') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.event_id,
        source.event_type,
        source.scope,
        coalesce(source.location_scope, '*') as location_scope,
        source.start_date,
        source.end_date,
        source.published_date,
        source.loaded_at,
        coalesce({{ rate('source.planned_uplift') }}, 1) as planned_uplift
    from source
    cross join run_context
    where {{ known_at_as_of(['published_date']) }}

)

select * from known
