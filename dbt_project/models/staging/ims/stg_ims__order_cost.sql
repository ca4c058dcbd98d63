with

source as (

    select * from {{ source('ims', 'order_cost') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.cost_id,
        source.order_id,
        source.cost_date,
        source.cost_kind,
        {{ money('source.amount') }} as amount,
        source.loaded_at
    from source
    cross join run_context
    where {{ known_at_as_of(['cost_date']) }}
    -- a correction is a newer version of the same key
    qualify row_number() over (
        partition by source.cost_id
        order by source.loaded_at desc, source.snapshot_date desc
    ) = 1

)

select * from known
