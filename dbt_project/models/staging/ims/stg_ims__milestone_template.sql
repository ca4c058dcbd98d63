with

source as (

    select * from {{ source('ims', 'milestone_template') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.milestone_code,
        source.milestone_number,
        source.milestone_step,
        source.milestone_name,
        source.is_progress,
        source.loaded_at,
        {{ units('source.planned_days') }} as planned_days
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
