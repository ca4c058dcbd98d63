with

source as (

    select * from {{ source('ims', 'item') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.item_id,
        source.item_kind,
        source.description,
        source.category,
        source.base_uom,
        source.is_integer,
        {{ money('source.unit_cost') }} as unit_cost,
        source.currency,
        source.loaded_at,
        {{ money('source.list_price') }} as list_price,
        coalesce(source.lifecycle_status, 'active') as lifecycle_status,
        source.intro_date,
        source.last_order_date,
        source.criticality,
        source.model,
        source.trim,
        source.powertrain,
        source.model_year,
        {{ rate('source.volume_m3') }} as volume_m3,
        {{ units('source.shelf_life_days') }} as shelf_life_days
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
