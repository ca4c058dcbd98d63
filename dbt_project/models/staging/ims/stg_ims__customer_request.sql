with

source as (

    select * from {{ source('ims', 'customer_request') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.request_id,
        source.request_date,
        source.location_id,
        source.request_kind,
        source.loaded_at,
        source.customer_id,
        source.segment_id,
        source.order_priority,
        source.model,
        source.category,
        source.powertrain,
        source.trim,
        source.color,
        coalesce({{ option_set('source.must_options') }}, '') as must_options,
        coalesce({{ option_set('source.wish_options') }}, '') as wish_options,
        {{ money('source.max_price') }} as max_price,
        source.needed_date,
        {{ units('source.max_distance_km') }} as max_distance_km,
        coalesce(source.request_outcome, 'open') as request_outcome,
        source.outcome_date,
        source.unit_id
    from source
    cross join run_context
    where {{ known_at_as_of(['request_date', 'outcome_date']) }}
    -- a correction is a newer version of the same key
    qualify row_number() over (
        partition by source.request_id
        order by source.loaded_at desc, source.snapshot_date desc
    ) = 1

)

select * from known
