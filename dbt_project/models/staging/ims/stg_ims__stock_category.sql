with

source as (

    select * from {{ source('ims', 'stock_category') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.stock_category,
        source.category_group,
        source.is_sellable,
        source.counts_in_kpi,
        source.loaded_at,
        source.description
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
