with

source as (

    select * from {{ source('ims', 'policy_review') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.review_id,
        source.scope,
        source.review_due_date,
        source.loaded_at,
        source.review_completed_date,
        source.reviewer
    from source
    cross join run_context
    where {{ known_at_as_of(['review_completed_date']) }}
    -- a correction is a newer version of the same key
    qualify row_number() over (
        partition by source.review_id
        order by source.loaded_at desc, source.snapshot_date desc
    ) = 1

)

select * from known
