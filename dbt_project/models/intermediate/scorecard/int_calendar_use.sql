with

inputs as (

    select * from {{ ref('stg_science__policy_input') }}

),

item_locations as (

    select * from {{ ref('opt_in__item_location') }}

),

demand_events as (

    select * from {{ ref('opt_in__demand_event') }}

),

effects as (

    select * from {{ ref('stg_science__demand_effect') }}

),

seasons as (

    select * from {{ ref('stg_science__seasonal_index') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

planned as (

    select
        inputs.item_id,
        inputs.location_id,
        inputs.protection_days,
        inputs.event_factor,
        inputs.season_factor,
        item_locations.model,
        item_locations.category,
        item_locations.item_kind,
        item_locations.region
    from inputs
    inner join item_locations
        on inputs.item_id = item_locations.item_id and inputs.location_id = item_locations.location_id
    where not inputs.is_end_of_life

),

-- an event whose effect is not known moves nothing yet
events_known as (

    select
        demand_events.event_id,
        demand_events.scope_level,
        demand_events.scope,
        demand_events.location_scope_level,
        demand_events.location_scope,
        demand_events.start_date,
        effects.category,
        effects.region
    from demand_events
    cross join run_context
    inner join effects on demand_events.event_type = effects.effect
    where effects.effect_kind = 'event' and effects.is_used and demand_events.end_date > run_context.as_of

),

events_ahead as (

    select
        planned.item_id,
        planned.location_id,
        count(distinct events_known.event_id) as events_ahead
    from planned
    cross join run_context
    inner join events_known
        on
            planned.category = events_known.category
            and events_known.region in ('*', planned.region)
            and run_context.as_of + cast(ceil(planned.protection_days) as integer) >= events_known.start_date
            and case events_known.scope_level
                when 'item_id' then planned.item_id = events_known.scope
                when 'model' then planned.model = events_known.scope
                when 'category' then planned.category = events_known.scope
                when 'item_kind' then planned.item_kind = events_known.scope
                else events_known.scope_level = 'all'
            end
            and case events_known.location_scope_level
                when 'location_id' then planned.location_id = events_known.location_scope
                when 'region' then planned.region = events_known.location_scope
                else events_known.location_scope_level = 'all'
            end
    group by planned.item_id, planned.location_id

),

with_season as (

    select distinct
        category,
        region
    from seasons
    where is_used and index_factor <> 1

)

select
    planned.item_id,
    planned.location_id,
    coalesce(events_ahead.events_ahead, 0) as events_ahead,
    with_season.category is not null as has_seasonal_index,
    planned.event_factor,
    planned.season_factor
from planned
left join events_ahead
    on planned.item_id = events_ahead.item_id and planned.location_id = events_ahead.location_id
left join with_season
    on planned.category = with_season.category and with_season.region in ('*', planned.region)
where events_ahead.events_ahead > 0 or with_season.category is not null
qualify row_number() over (
    partition by planned.item_id, planned.location_id
    order by with_season.region
) = 1
