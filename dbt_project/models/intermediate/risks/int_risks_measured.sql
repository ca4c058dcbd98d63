{{ config(materialized='table') }}

with

parts as (

    {% for family in ['demand', 'supply', 'stock', 'orders', 'order_demand'] %}
        select
            risk_id,
            driver,
            cast(numerator as decimal(38, 6)) as numerator,
            cast(denominator as decimal(38, 6)) as denominator,
            cast(value_at_risk as decimal(38, 4)) as value_at_risk,
            cast(observation_count as bigint) as observation_count
        from {{ ref('int_risks_of_' ~ family) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

by_driver as (

    select
        risk_id,
        driver,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(value_at_risk) as value_at_risk,
        sum(observation_count) as observation_count
    from parts
    group by risk_id, driver

),

-- the driver with the most money at risk; where no money is meant, the one that adds most to the figure
ranked as (

    select
        *,
        row_number() over (
            partition by risk_id
            order by
                driver is not null and (numerator > 0 or value_at_risk > 0) desc,
                coalesce(value_at_risk, 0) desc,
                numerator desc,
                driver asc
        ) as driver_rank
    from by_driver

)

-- a figure is the ratio of the sums over its drivers, never a mean of ratios
select
    risk_id,
    {{ share_of('sum(numerator)', 'sum(denominator)') }} as value,
    cast(sum(value_at_risk) as double) as value_at_risk,
    cast(sum(observation_count) as bigint) as observation_count,
    max(driver) filter (where driver_rank = 1 and (numerator > 0 or value_at_risk > 0)) as top_driver,
    cast(max(numerator) filter (where driver_rank = 1) as double) as top_driver_numerator
from ranked
group by risk_id
