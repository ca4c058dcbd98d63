with

source as (

    select * from {{ source('ims', 'segment') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.segment_id,
        source.segment_name,
        source.priority_tier,
        source.loaded_at,
        {{ rate('source.service_target') }} as service_target,
        coalesce({{ rate('source.ring_fence_share') }}, 0) as ring_fence_share,
        coalesce({{ rate('source.cap_share') }}, 1) as cap_share,
        coalesce({{ rate('source.fair_weight') }}, 1) as fair_weight
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
