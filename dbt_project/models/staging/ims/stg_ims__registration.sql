with

source as (

    select * from {{ source('ims', 'registration') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        cast(date_trunc('month', source.month_start_date) as date) as month_start_date,
        source.region,
        source.market_segment,
        source.brand,
        source.model,
        source.is_own_brand,
        {{ units('source.registered_units') }} as registered_units,
        source.published_date,
        source.loaded_at
    from source
    cross join run_context
    where {{ known_at_as_of(['published_date']) }}
    -- a month is revised by publishing it again
    qualify row_number() over (
        partition by
            date_trunc('month', source.month_start_date),
            source.region,
            source.market_segment,
            source.brand,
            source.model
        order by source.published_date desc, source.month_start_date desc
    ) = 1

)

select * from known
