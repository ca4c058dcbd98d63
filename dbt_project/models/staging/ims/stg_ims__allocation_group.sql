with

source as (

    select * from {{ source('ims', 'allocation_group') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.group_level,
        source.hierarchy_version,
        source.group_name,
        source.effective_from,
        source.loaded_at
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
