with

source as (

    select * from {{ source('ims', 'quality_event') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.quality_event_id,
        source.quality_kind,
        source.opened_date,
        source.loaded_at,
        source.order_id,
        source.unit_id,
        source.milestone_code,
        source.severity,
        source.closed_date,
        source.message
    from source
    cross join run_context
    where {{ known_at_as_of(['opened_date', 'closed_date']) }}
    -- a correction is a newer version of the same key
    qualify row_number() over (
        partition by source.quality_event_id
        order by source.loaded_at desc, source.snapshot_date desc
    ) = 1

)

select * from known
