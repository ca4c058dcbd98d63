with

source as (

    select * from {{ source('ims', 'external_driver') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.driver,
        source.scope,
        source.driver_date,
        {{ rate('source.driver_value') }} as driver_value,
        source.published_date,
        source.loaded_at
    from source
    cross join run_context
    where {{ known_at_as_of(['published_date']) }}

)

select * from known
