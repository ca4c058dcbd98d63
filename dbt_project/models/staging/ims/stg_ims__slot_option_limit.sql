with

source as (

    select * from {{ source('ims', 'slot_option_limit') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.plant_id,
        cast(date_trunc('week', source.week_start_date) as date) as week_start_date,
        source.option_id,
        {{ units('source.slot_units') }} as slot_units,
        source.loaded_at,
        coalesce({{ units('source.min_slot_units') }}, 0) as min_slot_units
    from source
    cross join run_context
    where {{ known_at_as_of() }}
    -- a week that is told by two of its days counts once, by the earlier
    qualify row_number() over (
        partition by source.plant_id, date_trunc('week', source.week_start_date), source.option_id
        order by source.week_start_date asc
    ) = 1

)

select * from known
