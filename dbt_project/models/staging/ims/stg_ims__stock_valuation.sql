with

source as (

    select * from {{ source('ims', 'stock_valuation') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.item_id,
        source.location_id,
        {{ units('source.book_units') }} as book_units,
        {{ money('source.book_value') }} as book_value,
        source.book_date,
        source.currency,
        source.loaded_at
    from source
    cross join run_context
    where {{ known_at_as_of(['book_date']) }}

)

select * from known
