with

source as (

    select * from {{ source('ims', 'factory_acknowledgement') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.message_id,
        source.acknowledged_at,
        source.is_accepted,
        source.loaded_at,
        source.message
    from source
    cross join run_context
    where {{ known_at_as_of(['acknowledged_at']) }}
    -- a correction is a newer version of the same key
    qualify row_number() over (
        partition by source.message_id
        order by source.loaded_at desc, source.snapshot_date desc
    ) = 1

)

select * from known
