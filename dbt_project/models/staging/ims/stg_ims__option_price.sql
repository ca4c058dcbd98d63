with

source as (

    select * from {{ source('ims', 'option_price') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.option_id,
        source.effective_from,
        {{ money('source.option_price') }} as option_price,
        source.loaded_at,
        source.effective_to
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
