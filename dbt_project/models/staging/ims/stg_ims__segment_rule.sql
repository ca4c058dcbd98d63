with

source as (

    select * from {{ source('ims', 'segment_rule') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.rule_id,
        source.rule_version,
        source.rule_rank,
        source.segment_id,
        source.loaded_at,
        source.channel,
        source.customer_type,
        source.order_priority,
        source.region,
        source.category,
        source.item_id,
        source.effective_from,
        source.effective_to
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
