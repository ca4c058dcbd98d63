with

source as (

    select * from {{ source('ims', 'segment_membership') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.customer_id,
        source.effective_from,
        source.segment_id,
        source.loaded_at,
        source.effective_to
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
