with

source as (

    select * from {{ source('ims', 'mto_change_request') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.change_id,
        source.order_id,
        source.request_date,
        source.requested_by,
        source.change_status,
        source.loaded_at,
        {{ option_set('source.options') }} as options,
        source.new_requested_date,
        source.decided_date,
        {{ money('source.price_delta') }} as price_delta
    from source
    cross join run_context
    where {{ known_at_as_of(['request_date', 'decided_date']) }}
    -- a correction is a newer version of the same key
    qualify row_number() over (
        partition by source.change_id
        order by source.loaded_at desc, source.snapshot_date desc
    ) = 1

)

select * from known
