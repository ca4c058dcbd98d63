with

items as (

    select * from {{ ref('stg_ims__item') }}

),

named as (

    select scope from {{ ref('stg_ims__event_calendar') }}
    union
    select scope from {{ ref('stg_ims__external_driver') }}
    union
    select scope from {{ ref('stg_ims__consensus_plan') }}

),

-- what a text may stand for, the narrowest first
meanings as (

    select
        item_id as scope,
        1 as width,
        'item_id' as scope_level
    from items
    union all
    select distinct
        model as scope,
        2 as width,
        'model' as scope_level
    from items
    union all
    select distinct
        category as scope,
        3 as width,
        'category' as scope_level
    from items
    union all
    select distinct
        item_kind as scope,
        4 as width,
        'item_kind' as scope_level
    from items
    union all
    select
        '*' as scope,
        0 as width,
        'all' as scope_level

),

levels as (

    select
        named.scope,
        coalesce(arg_min(meanings.scope_level, meanings.width), 'unknown') as scope_level
    from named
    left join meanings on named.scope = meanings.scope
    group by named.scope

)

select * from levels
