with

source as (

    select * from {{ source('ims', 'config_option') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.option_id,
        source.option_family,
        source.option_name,
        source.loaded_at,
        source.lead_time_class,
        source.effective_from,
        source.effective_to,
        source.change_cutoff_milestone,
        {{ units('source.material_lead_days') }} as material_lead_days
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
