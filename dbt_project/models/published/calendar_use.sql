with

given as (

    select * from {{ ref('int_calendar_use') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    given.item_id,
    given.location_id,
    given.events_ahead,
    given.has_seasonal_index,
    given.event_factor,
    given.season_factor
from given
cross join run_context
