with

source as (

    select * from {{ source('ims', 'item_relation') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.from_item_id,
        source.to_item_id,
        source.relation_type,
        source.effective_from,
        source.loaded_at,
        coalesce({{ rate('source.ratio') }}, 1) as ratio,
        coalesce(source.is_two_way, false) as is_two_way
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
