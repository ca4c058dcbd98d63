with

source as (

    select * from {{ source('ims', 'cost_parameter') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.scope,
        source.parameter,
        source.effective_from,
        {{ rate('source.parameter_value') }} as parameter_value,
        source.loaded_at
    from source
    cross join run_context
    where {{ known_at_as_of(['effective_from']) }}

)

select * from known
