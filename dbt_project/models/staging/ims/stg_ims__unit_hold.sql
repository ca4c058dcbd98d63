with

source as (

    select * from {{ source('ims', 'unit_hold') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.hold_id,
        source.unit_id,
        source.hold_kind,
        source.opened_date,
        source.loaded_at,
        source.closed_date,
        source.reference_id,
        source.message
    from source
    cross join run_context
    where {{ known_at_as_of(['opened_date', 'closed_date']) }}
    -- a correction is a newer version of the same key
    qualify row_number() over (
        partition by source.hold_id
        order by source.loaded_at desc, source.snapshot_date desc
    ) = 1

)

select * from known
