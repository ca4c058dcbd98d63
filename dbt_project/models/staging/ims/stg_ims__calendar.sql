with

source as (

    select * from {{ source('ims', 'calendar') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.calendar_id,
        source.calendar_date,
        source.is_working,
        source.is_selling,
        source.loaded_at
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
