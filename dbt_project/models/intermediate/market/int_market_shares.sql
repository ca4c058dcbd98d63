with

months as (

    select * from {{ ref('int_market_months') }}

),

-- sums of the least-squares line through the shares of the last twelve months
summed as (

    select
        month_start_date,
        region,
        market_segment,
        model,
        own_units,
        market_units,
        share,
        month_number,
        count(share) over last_twelve as n,
        sum(month_number) over last_twelve as sum_x,
        sum(month_number * month_number) over last_twelve as sum_xx,
        sum(cast(share as decimal(38, 6))) over last_twelve as sum_y,
        sum(cast(share as decimal(38, 6)) * month_number) over last_twelve as sum_xy
    from months
    window
        last_twelve as (
            partition by region, market_segment, model
            order by month_number
            range between 11 preceding and current row
        )

),

monthly as (

    select
        'month' as period,
        summed.month_start_date as period_start_date,
        summed.region,
        summed.market_segment,
        summed.model,
        summed.own_units,
        summed.market_units,
        summed.share,
        summed.share - earlier.share as share_change,
        case
            when summed.n = 12
                then
                    {{ rate('cast(12 as double) * (12 * summed.sum_xy - summed.sum_x * summed.sum_y)'
                        ~ ' / (12 * summed.sum_xx - summed.sum_x * summed.sum_x)') }}
        end as share_trend,
        1 as month_count
    from summed
    left join months as earlier
        on
            summed.region = earlier.region
            and summed.market_segment = earlier.market_segment
            and summed.model = earlier.model
            and summed.month_number = earlier.month_number + 1

),

-- a year is compared with the same months of the year before
years as (

    select
        cast(date_trunc('year', months.month_start_date) as date) as period_start_date,
        months.region,
        months.market_segment,
        months.model,
        sum(months.own_units) as own_units,
        sum(months.market_units) as market_units,
        sum(earlier.own_units) as earlier_own_units,
        sum(earlier.market_units) as earlier_market_units,
        count(*) as month_count,
        count(earlier.month_number) as earlier_month_count
    from months
    left join months as earlier
        on
            months.region = earlier.region
            and months.market_segment = earlier.market_segment
            and months.model = earlier.model
            and months.month_number = earlier.month_number + 12
    group by
        date_trunc('year', months.month_start_date),
        months.region,
        months.market_segment,
        months.model

),

yearly_shares as (

    select
        period_start_date,
        region,
        market_segment,
        model,
        {{ units('own_units') }} as own_units,
        {{ units('market_units') }} as market_units,
        {{ rate('case when market_units > 0 then own_units / market_units end') }} as share,
        {{ rate('case when earlier_market_units > 0 and earlier_month_count = month_count'
            ~ ' then earlier_own_units / earlier_market_units end') }} as earlier_share,
        month_count
    from years

),

yearly as (

    select
        'year' as period,
        period_start_date,
        region,
        market_segment,
        model,
        own_units,
        market_units,
        share,
        share - earlier_share as share_change,
        share - earlier_share as share_trend,
        month_count
    from yearly_shares

),

periods as (

    select * from monthly
    union all
    select * from yearly

)

select * from periods
