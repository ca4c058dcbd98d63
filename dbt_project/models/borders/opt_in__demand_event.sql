with

events as (

    select * from {{ ref('stg_ims__event_calendar') }}

),

scopes as (

    select * from {{ ref('int_scopes_named') }}

),

location_scopes as (

    select * from {{ ref('int_location_scopes_named') }}

)

select
    events.event_id,
    events.event_type,
    scopes.scope_level,
    events.scope,
    location_scopes.location_scope_level,
    events.location_scope,
    events.start_date,
    events.end_date,
    events.published_date,
    cast(events.planned_uplift as double) as planned_uplift
from events
inner join scopes on events.scope = scopes.scope
inner join location_scopes on events.location_scope = location_scopes.location_scope
