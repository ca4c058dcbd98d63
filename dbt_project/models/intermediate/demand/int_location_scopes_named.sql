with

locations as (

    select * from {{ ref('stg_ims__location') }}

),

named as (

    select location_scope from {{ ref('stg_ims__event_calendar') }}
    union
    select location_scope from {{ ref('stg_ims__consensus_plan') }}

),

-- what a text may stand for, the narrowest first
meanings as (

    select
        location_id as location_scope,
        1 as width,
        'location_id' as location_scope_level
    from locations
    union all
    select distinct
        region as location_scope,
        2 as width,
        'region' as location_scope_level
    from locations
    union all
    select
        '*' as location_scope,
        0 as width,
        'all' as location_scope_level

),

levels as (

    select
        named.location_scope,
        coalesce(arg_min(meanings.location_scope_level, meanings.width), 'unknown') as location_scope_level
    from named
    left join meanings on named.location_scope = meanings.location_scope
    group by named.location_scope

)

select * from levels
