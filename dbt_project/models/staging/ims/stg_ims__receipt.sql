with

source as (

    select * from {{ source('ims', 'receipt') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.receipt_id,
        source.item_id,
        source.location_id,
        source.received_date,
        {{ units('source.received_units') }} as received_units,
        {{ units('source.accepted_units') }} as accepted_units,
        source.loaded_at,
        source.supply_order_id,
        source.line_id,
        source.supplier_id,
        source.ordered_date,
        {{ units('source.ordered_units') }} as ordered_units,
        source.first_expected_date,
        source.is_expedited
    from source
    cross join run_context
    where {{ known_at_as_of(['received_date', 'ordered_date']) }}
    -- a correction is a newer version of the same key
    qualify row_number() over (
        partition by source.receipt_id
        order by source.loaded_at desc, source.snapshot_date desc
    ) = 1

)

select * from known
