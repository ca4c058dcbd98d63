with

registrations as (

    select * from {{ ref('stg_ims__registration') }}

),

-- * of the source is what it does not tell: such rows count in the totals alone
markets as (

    select
        month_start_date,
        coalesce(region, '*') as region,
        coalesce(market_segment, '*') as market_segment,
        sum(registered_units) as market_units,
        coalesce(sum(registered_units) filter (is_own_brand), 0) as own_units
    from registrations
    group by
        grouping sets (
            (month_start_date),
            (month_start_date, region),
            (month_start_date, market_segment),
            (month_start_date, region, market_segment)
        )
    having
        (grouping(region) = 1 or region <> '*')
        and (grouping(market_segment) = 1 or market_segment <> '*')

),

own_models as (

    select
        month_start_date,
        coalesce(region, '*') as region,
        market_segment,
        model,
        sum(registered_units) as own_units
    from registrations
    where is_own_brand and model <> '*'
    group by
        grouping sets (
            (month_start_date, market_segment, model),
            (month_start_date, region, market_segment, model)
        )
    having grouping(region) = 1 or region <> '*'

),

-- a model is measured against the whole of its segment
months as (

    select
        month_start_date,
        region,
        market_segment,
        '*' as model,
        own_units,
        market_units
    from markets
    union all
    select
        own_models.month_start_date,
        own_models.region,
        own_models.market_segment,
        own_models.model,
        own_models.own_units,
        markets.market_units
    from own_models
    inner join markets
        on
            own_models.month_start_date = markets.month_start_date
            and own_models.region = markets.region
            and own_models.market_segment = markets.market_segment

),

shares as (

    select
        month_start_date,
        region,
        market_segment,
        model,
        {{ units('own_units') }} as own_units,
        {{ units('market_units') }} as market_units,
        {{ rate('case when market_units > 0 then own_units / market_units end') }} as share,
        cast(year(month_start_date) * 12 + month(month_start_date) as bigint) as month_number
    from months

)

select * from shares
