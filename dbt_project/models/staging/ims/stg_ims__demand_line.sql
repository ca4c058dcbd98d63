with

source as (

    select * from {{ source('ims', 'demand_line') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.order_id,
        source.line_id,
        source.item_id,
        source.location_id,
        source.order_date,
        source.requested_date,
        {{ units('source.requested_units') }} as requested_units,
        source.loaded_at,
        source.segment_id,
        {{ units('source.filled_at_request_units') }} as filled_at_request_units,
        {{ units('source.shipped_units') }} as shipped_units,
        source.shipped_date,
        source.delivered_date,
        source.cancelled_date,
        source.cancel_reason,
        {{ money('source.unit_price') }} as unit_price,
        {{ money('source.unit_cost') }} as unit_cost,
        source.unit_id,
        coalesce(source.is_lost_sale, false) as is_lost_sale,
        coalesce(source.demand_type, 'retail') as demand_type,
        coalesce(source.basis, 'recorded') as basis,
        source.customer_id,
        source.channel,
        source.customer_type,
        source.order_priority
    from source
    cross join run_context
    where {{ known_at_as_of(['order_date', 'shipped_date', 'delivered_date', 'cancelled_date']) }}
    -- a correction is a newer version of the same key
    qualify row_number() over (
        partition by source.order_id, source.line_id
        order by source.loaded_at desc, source.snapshot_date desc
    ) = 1

)

select * from known
