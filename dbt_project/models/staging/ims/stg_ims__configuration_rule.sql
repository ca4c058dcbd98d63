with

source as (

    select * from {{ source('ims', 'configuration_rule') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.rule_id,
        source.rule_version,
        source.rule_type,
        {{ option_set('source.then_options') }} as then_options,
        source.loaded_at,
        {{ option_set('source.if_options') }} as if_options,
        source.market,
        source.model,
        source.effective_from,
        source.effective_to,
        source.message
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
