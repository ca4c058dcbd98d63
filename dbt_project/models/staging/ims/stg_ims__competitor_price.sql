with

source as (

    select * from {{ source('ims', 'competitor_price') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.price_date,
        source.model,
        source.brand,
        {{ money('source.competitor_price') }} as competitor_price,
        source.published_date,
        source.loaded_at
    from source
    cross join run_context
    where {{ known_at_as_of(['price_date', 'published_date']) }}
    -- a price is revised by publishing it again
    qualify row_number() over (
        partition by source.price_date, source.model, source.brand
        order by source.published_date desc
    ) = 1

)

select * from known
