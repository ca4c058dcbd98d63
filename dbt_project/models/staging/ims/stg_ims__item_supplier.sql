with

source as (

    select * from {{ source('ims', 'item_supplier') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.item_id,
        source.supplier_id,
        source.location_id,
        {{ units('source.lead_time_days') }} as lead_time_days,
        source.is_primary,
        source.loaded_at,
        coalesce({{ units('source.moq_units') }}, 1) as moq_units,
        coalesce({{ units('source.lot_units') }}, 1) as lot_units,
        {{ money('source.order_cost') }} as order_cost,
        {{ money('source.unit_price') }} as unit_price,
        coalesce(source.moq_scope, 'line') as moq_scope,
        {{ units('source.case_pack_units') }} as case_pack_units
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
