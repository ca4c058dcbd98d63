with recursive

relations as (

    select * from {{ ref('stg_ims__item_relation') }}

),

item_locations as (

    select * from {{ ref('stg_ims__item_location') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

links as (

    select
        relations.from_item_id,
        relations.to_item_id,
        cast(relations.ratio as double) as ratio,
        relations.effective_from
    from relations
    cross join run_context
    where
        relations.relation_type = 'supersedes'
        and relations.effective_from <= run_context.as_of

),

-- every later generation; what comes back to itself goes no further
chains as (

    select
        from_item_id as item_id,
        to_item_id as successor_item_id,
        ratio,
        effective_from as replaced_from,
        1 as generation
    from links
    union all
    select
        chains.item_id,
        links.to_item_id as successor_item_id,
        chains.ratio * links.ratio as ratio,
        chains.replaced_from,
        chains.generation + 1 as generation
    from chains
    inner join links on chains.successor_item_id = links.from_item_id
    where chains.generation < 20 and chains.item_id <> chains.successor_item_id

),

circular as (

    select distinct item_id
    from chains
    where item_id = successor_item_id

),

acyclic as (

    select chains.*
    from chains
    anti join circular on chains.item_id = circular.item_id
    anti join circular as circular_successors
        on chains.successor_item_id = circular_successors.item_id

),

-- the furthest generation that is ranged at the location takes over; where none is, nothing moves
placed as (

    select
        acyclic.item_id,
        item_locations.location_id,
        acyclic.successor_item_id,
        acyclic.ratio,
        acyclic.replaced_from,
        acyclic.generation
    from acyclic
    inner join item_locations
        on
            acyclic.successor_item_id = item_locations.item_id
            and item_locations.is_ranged
    qualify
        acyclic.generation = max(acyclic.generation) over (
            partition by acyclic.item_id, item_locations.location_id
        )

),

-- two ways to one successor add up
heirs as (

    select
        item_id,
        location_id,
        successor_item_id,
        {{ rate('sum(' ~ rate('ratio') ~ ')') }} as ratio,
        min(replaced_from) as replaced_from
    from placed
    group by item_id, location_id, successor_item_id

)

select * from heirs
