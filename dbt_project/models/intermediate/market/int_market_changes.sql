with

months as (

    select * from {{ ref('int_market_months') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

-- what is watched of each market: our share of it, and its size against the same month a year before
watched as (

    select
        'own_share' as measure,
        region,
        market_segment,
        month_start_date,
        month_number,
        own_units,
        market_units,
        share as observed
    from months
    where model = '*'
    union all
    select
        'market_size' as measure,
        months.region,
        months.market_segment,
        months.month_start_date,
        months.month_number,
        months.own_units,
        months.market_units,
        {{ rate('months.market_units / nullif(earlier.market_units, 0)') }} as observed
    from months
    inner join months as earlier
        on
            months.region = earlier.region
            and months.market_segment = earlier.market_segment
            and months.model = earlier.model
            and months.month_number = earlier.month_number + 12
    where months.model = '*'

),

aged as (

    select
        *,
        max(month_number) over (partition by measure, region, market_segment) - month_number as months_ago
    from watched
    where observed is not null

),

-- the months before those in which a change is looked for say what is usual
summed as (

    select
        measure,
        region,
        market_segment,
        count(*) as reference_months,
        sum(cast(observed as decimal(38, 6))) as sum_x,
        sum(cast(observed as decimal(38, 6)) * observed) as sum_xx
    from aged
    where months_ago >= {{ var('market_change_recent_months') }}
    group by measure, region, market_segment

),

reference_values as (

    select
        measure,
        region,
        market_segment,
        reference_months,
        cast(sum_x as double) / reference_months as mean_value,
        -- in decimals, so that a market that stands still deviates by nothing at all
        sqrt(
            cast(reference_months * sum_xx - sum_x * sum_x as double)
            / nullif(reference_months * (reference_months - 1), 0)
        ) as standard_deviation
    from summed
    where reference_months >= {{ var('market_change_least_months') }}

),

scored as (

    select
        aged.measure,
        aged.region,
        aged.market_segment,
        aged.month_start_date,
        aged.month_number,
        aged.own_units,
        aged.market_units,
        aged.observed,
        reference_values.mean_value,
        {{ rate('(aged.observed - reference_values.mean_value)'
            ~ ' / nullif(reference_values.standard_deviation, 0)') }} as deviation
    from aged
    inner join reference_values using (measure, region, market_segment)
    where aged.months_ago < {{ var('market_change_recent_months') }}

),

-- Page's cumulative sums: S(t) = max(0, S(t-1) + z - k) is the sum of z - k less the least it was before
summed_up as (

    select
        *,
        sum(deviation - {{ var('market_change_allowance') }}) over series as risen,
        sum(-deviation - {{ var('market_change_allowance') }}) over series as fallen
    from scored
    where deviation is not null
    window series as (partition by measure, region, market_segment order by month_number)

),

least as (

    select
        *,
        least(0, min(risen) over series) as least_risen,
        least(0, min(fallen) over series) as least_fallen
    from summed_up
    window series as (partition by measure, region, market_segment order by month_number)

),

-- a change began in the month after the sum was least
standing as (

    select
        measure,
        region,
        market_segment,
        max(mean_value) as reference_value,
        arg_max(risen - least_risen, month_number) as risen_sum,
        arg_max(fallen - least_fallen, month_number) as fallen_sum,
        coalesce(max(month_number) filter (where risen - least_risen = 0), 0) as rise_base_month,
        coalesce(max(month_number) filter (where fallen - least_fallen = 0), 0) as fall_base_month,
        max(month_start_date) as newest_month_date
    from least
    group by measure, region, market_segment

),

turned as (

    select
        *,
        risen_sum >= fallen_sum as is_rising,
        greatest(risen_sum, fallen_sum) as cumulative_sum,
        case when risen_sum >= fallen_sum then rise_base_month else fall_base_month end as base_month
    from standing

),

since as (

    select
        turned.measure,
        turned.region,
        turned.market_segment,
        min(scored.month_start_date) as changed_from_date,
        count(*) as changed_months,
        sum(cast(scored.observed as decimal(38, 6))) as sum_observed,
        sum(scored.own_units) as own_units,
        sum(scored.market_units) as market_units
    from turned
    inner join scored
        on
            turned.measure = scored.measure
            and turned.region = scored.region
            and turned.market_segment = scored.market_segment
            and turned.base_month < scored.month_number
    group by turned.measure, turned.region, turned.market_segment

),

-- what a vehicle sold there earns
margins as (

    select
        region,
        sum(shortage_cost) as summed_cost,
        count(*) as place_count
    from places
    where item_kind = 'vehicle'
    group by region
    union all
    select
        '*' as region,
        sum(shortage_cost) as summed_cost,
        count(*) as place_count
    from places
    where item_kind = 'vehicle'

),

measured as (

    select
        turned.*,
        turned.cumulative_sum > {{ var('market_change_limit') }} as is_changed,
        since.changed_from_date,
        since.changed_months,
        cast(since.sum_observed as double) / since.changed_months as value_since,
        cast(since.own_units as double) / since.changed_months as own_units_per_month,
        cast(since.market_units as double) / since.changed_months as market_units_per_month,
        cast(margins.summed_cost as double) / margins.place_count as unit_margin
    from turned
    left join since using (measure, region, market_segment)
    left join margins on turned.region = margins.region

),

-- our sales over the horizon of risks that the change adds or takes
priced as (

    select
        *,
        {{ var('risk_horizon_days') }} * 12 / 365.0 * abs(value_since - reference_value) * case
            when measure = 'own_share' then market_units_per_month
            else own_units_per_month / nullif(value_since, 0)
        end as horizon_units
    from measured

)

select
    measure,
    region,
    market_segment,
    reference_value,
    value_since,
    is_rising,
    cast(cumulative_sum as double) as cumulative_sum,
    is_changed,
    changed_from_date,
    changed_months,
    newest_month_date,
    {{ units('coalesce(horizon_units, 0)') }} as changed_units,
    {{ money('coalesce(horizon_units * unit_margin, 0)') }} as value_at_risk
from priced
