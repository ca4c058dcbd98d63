with

source as (

    select * from {{ source('ims', 'stock_on_hand') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.item_id,
        source.location_id,
        source.stock_status,
        {{ units('source.on_hand_units') }} as on_hand_units,
        source.loaded_at
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
