with

source as (

    select * from {{ source('ims', 'price_break') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.item_id,
        source.supplier_id,
        {{ units('source.min_quantity_units') }} as min_quantity_units,
        {{ money('source.unit_price') }} as unit_price,
        source.price_scheme,
        source.loaded_at
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
