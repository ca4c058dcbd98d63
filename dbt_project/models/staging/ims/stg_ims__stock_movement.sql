with

source as (

    select * from {{ source('ims', 'stock_movement') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.movement_id,
        source.movement_date,
        source.item_id,
        source.location_id,
        source.movement_type,
        {{ units('source.quantity_units') }} as quantity_units,
        source.loaded_at,
        source.unit_id,
        source.reference_id,
        source.counterpart_location_id,
        coalesce(source.basis, 'recorded') as basis
    from source
    cross join run_context
    where {{ known_at_as_of(['movement_date']) }}
    -- a correction is a newer version of the same key
    qualify row_number() over (
        partition by source.movement_id
        order by source.loaded_at desc, source.snapshot_date desc
    ) = 1

)

select * from known
