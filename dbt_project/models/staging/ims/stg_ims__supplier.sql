with

source as (

    select * from {{ source('ims', 'supplier') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.supplier_id,
        source.supplier_name,
        source.loaded_at,
        source.country,
        {{ money('source.min_order_value') }} as min_order_value
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
