with

items as (

    select * from {{ ref('stg_ims__item') }}

),

competitor_prices as (

    select * from {{ ref('stg_ims__competitor_price') }}

),

registrations as (

    select * from {{ ref('stg_ims__registration') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

own as (

    select
        model,
        sum(list_price) / count(*) as own_price
    from items
    where model is not null and list_price > 0
    group by model

),

-- each competitor's newest price, unless it is older than a year
newest as (

    select
        competitor_prices.model,
        competitor_prices.brand,
        competitor_prices.competitor_price
    from competitor_prices
    cross join run_context
    where competitor_prices.price_date > run_context.as_of - 365
    qualify row_number() over (
        partition by competitor_prices.model, competitor_prices.brand
        order by competitor_prices.price_date desc
    ) = 1

),

competing as (

    select
        model,
        sum(competitor_price) / count(*) as competitor_price,
        count(*) as competitor_count
    from newest
    group by model

),

-- the segment in which the model was registered last
segments as (

    select
        model,
        market_segment
    from registrations
    where is_own_brand and model <> '*'
    qualify row_number() over (
        partition by model
        order by month_start_date desc, registered_units desc, market_segment asc
    ) = 1

),

compared as (

    select
        coalesce(own.model, competing.model) as model,
        coalesce(segments.market_segment, '*') as market_segment,
        {{ money('own.own_price') }} as own_price,
        {{ money('competing.competitor_price') }} as competitor_price,
        coalesce(competing.competitor_count, 0) as competitor_count
    from own
    full outer join competing on own.model = competing.model
    left join segments on coalesce(own.model, competing.model) = segments.model

)

select * from compared
