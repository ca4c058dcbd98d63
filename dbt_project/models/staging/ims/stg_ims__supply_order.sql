with

source as (

    select * from {{ source('ims', 'supply_order') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.supply_order_id,
        source.line_id,
        source.item_id,
        source.location_id,
        source.ordered_date,
        {{ units('source.ordered_units') }} as ordered_units,
        {{ units('source.received_units') }} as received_units,
        source.supply_status,
        source.loaded_at,
        source.supplier_id,
        source.from_location_id,
        source.expected_date,
        source.first_expected_date,
        coalesce(source.is_expedited, false) as is_expedited,
        source.unit_id
    from source
    cross join run_context
    where {{ known_at_as_of(['ordered_date']) }}

)

select * from known
