with

source as (

    select * from {{ source('ims', 'mto_order') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.order_id,
        source.location_id,
        source.model,
        source.market,
        source.order_date,
        source.order_status,
        source.loaded_at,
        -- an order that states no option has none
        coalesce({{ option_set('source.options') }}, '') as options,
        source.item_id,
        source.customer_id,
        source.segment_id,
        source.order_priority,
        coalesce({{ rate('source.order_weight') }}, 1) as order_weight,
        source.confirmed_date,
        source.requested_date,
        source.promised_date,
        source.plant_id,
        {{ money('source.quoted_price') }} as quoted_price,
        {{ money('source.quoted_fees') }} as quoted_fees,
        {{ money('source.quoted_cost') }} as quoted_cost,
        {{ money('source.final_price') }} as final_price,
        {{ money('source.deposit') }} as deposit,
        coalesce(source.credit_status, 'not_needed') as credit_status,
        source.credit_valid_to,
        source.delivered_date,
        source.cancelled_date,
        source.cancel_reason,
        {{ option_set('source.as_built_options') }} as as_built_options,
        source.unit_id
    from source
    cross join run_context
    where {{ known_at_as_of(['order_date', 'confirmed_date', 'delivered_date', 'cancelled_date']) }}
    -- a correction is a newer version of the same key
    qualify row_number() over (
        partition by source.order_id
        order by source.loaded_at desc, source.snapshot_date desc
    ) = 1

)

select * from known
