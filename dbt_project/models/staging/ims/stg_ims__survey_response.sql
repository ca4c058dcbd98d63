with

source as (

    select * from {{ source('ims', 'survey_response') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.survey_id,
        source.survey_question,
        source.location_id,
        source.segment_id,
        source.order_id,
        source.sent_date,
        source.answered_date,
        {{ rate('source.survey_score') }} as survey_score,
        source.loaded_at
    from source
    cross join run_context
    where {{ known_at_as_of(['sent_date', 'answered_date']) }}
    -- a correction is a newer version of the same key
    qualify row_number() over (
        partition by source.survey_id, source.survey_question
        order by source.loaded_at desc, source.snapshot_date desc
    ) = 1

)

select * from known
