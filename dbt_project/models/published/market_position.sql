with

shares as (

    select * from {{ ref('int_market_shares') }}

),

prices as (

    select * from {{ ref('int_market_prices') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

sources as (

    select
        coalesce(bool_or(is_present) filter (table_name = 'registration'), false) as has_registrations,
        coalesce(bool_or(is_present) filter (table_name = 'competitor_price'), false) as has_prices
    from {{ ref('stg_ims__source_presence') }}
    where column_name = '*'

),

-- the periods in which the business date lies
today as (

    select
        'month' as period,
        cast(date_trunc('month', as_of) as date) as period_start_date
    from run_context
    union all
    select
        'year' as period,
        cast(date_trunc('year', as_of) as date) as period_start_date
    from run_context

),

-- every period that was registered, and today's: by model, and over all of them
cells as (

    select
        period,
        period_start_date,
        region,
        market_segment,
        model
    from shares
    union
    select
        today.period,
        today.period_start_date,
        '*' as region,
        prices.market_segment,
        prices.model
    from prices
    cross join today
    union
    select
        period,
        period_start_date,
        '*' as region,
        '*' as market_segment,
        '*' as model
    from today

),

-- today's list prices are compared with today's prices of others, and with none of an earlier period
placed as (

    select
        cells.period,
        cells.period_start_date,
        cells.region,
        cells.market_segment,
        cells.model,
        shares.month_count,
        shares.own_units,
        shares.market_units,
        shares.share,
        shares.share_change,
        shares.share_trend,
        cells.model <> '*' and cells.region = '*' as is_priced,
        today.period is not null as is_today,
        case when today.period is not null then prices.own_price end as own_price,
        case when today.period is not null then prices.competitor_price end as competitor_price,
        case when today.period is not null then prices.competitor_count end as competitor_count
    from cells
    left join shares
        on
            cells.period = shares.period
            and cells.period_start_date = shares.period_start_date
            and cells.region = shares.region
            and cells.market_segment = shares.market_segment
            and cells.model = shares.model
    left join today
        on
            cells.period = today.period
            and cells.period_start_date = today.period_start_date
    left join prices
        on
            cells.model = prices.model
            and cells.market_segment = prices.market_segment
            and cells.region = '*'

)

select
    run_context.as_of,
    placed.period,
    placed.period_start_date,
    placed.region,
    placed.market_segment,
    placed.model,
    cast(coalesce(placed.month_count, 0) as bigint) as month_count,
    cast(placed.own_units as double) as own_registered_units,
    cast(placed.market_units as double) as market_registered_units,
    cast(placed.share as double) as market_share,
    cast(placed.share_change as double) as market_share_change,
    cast(placed.share_trend as double) as market_share_trend,
    case
        when placed.share is not null then null
        when not sources.has_registrations then 'no_registration_source'
        when placed.month_count is null then 'not_registered_yet'
        else 'no_registrations'
    end as share_null_reason,
    case
        when placed.share_trend is not null then null
        when not sources.has_registrations then 'no_registration_source'
        when placed.month_count is null then 'not_registered_yet'
        when placed.period = 'month' then 'fewer_than_12_months'
        else 'no_earlier_year'
    end as trend_null_reason,
    cast(placed.own_price as double) as own_list_price,
    cast(placed.competitor_price as double) as mean_competitor_price,
    cast(coalesce(placed.competitor_count, 0) as bigint) as competitor_count,
    cast({{ rate('placed.own_price / placed.competitor_price - 1') }} as double) as price_gap,
    case
        when placed.own_price is not null and placed.competitor_price is not null then null
        when not sources.has_prices then 'no_competitor_price_source'
        when not placed.is_priced then 'compared_by_model_only'
        when not placed.is_today then 'own_price_of_today_only'
        when placed.competitor_price is null then 'no_competitor_price'
        else 'no_list_price'
    end as price_null_reason
from placed
cross join run_context
cross join sources
