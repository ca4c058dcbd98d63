with

source as (

    select * from {{ source('ims', 'mto_milestone') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.event_id,
        source.order_id,
        source.milestone_code,
        source.event_at,
        source.loaded_at,
        source.source_seq,
        source.planned_date
    from source
    cross join run_context
    where {{ known_at_as_of(['event_at']) }}
    -- a correction is a newer version of the same key
    qualify row_number() over (
        partition by source.event_id
        order by source.loaded_at desc, source.snapshot_date desc
    ) = 1

)

select * from known
