with

orders as (

    select * from {{ ref('fct_mto_orders') }}

),

checks as (

    select * from {{ ref('stg_science__order_check') }}

),

shares as (

    select * from {{ ref('int_market_shares') }}

),

external_drivers as (

    select * from {{ ref('opt_in__external_driver') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- orders of the last days against the same days a year before
taken as (

    select
        coalesce(orders.model, 'no model stated') as model,
        orders.order_date > run_context.as_of - {{ var('risk_horizon_days') }} as is_recent,
        {{ money(order_margin('orders')) }} as margin
    from orders
    cross join run_context
    where
        orders.order_status <> 'quoted'
        and (
            orders.order_date > run_context.as_of - {{ var('risk_horizon_days') }}
            or orders.order_date between run_context.as_of - {{ var('risk_horizon_days') }} - 364
            and run_context.as_of - 365
        )

),

by_model as (

    select
        model,
        count(*) filter (where is_recent) as recent_orders,
        count(*) filter (where not is_recent) as earlier_orders,
        {{ money('sum(margin) / count(*)') }} as mean_margin
    from taken
    group by model

),

newest_share as (

    select max(period_start_date) as period_start_date
    from shares
    where period = 'month'

),

standing as (

    select
        orders.order_id,
        {{ money(order_margin('orders')) }} as margin
    from orders
    where orders.order_status in ('open', 'quoted')

),

-- an order is concerned once, by the first of its options
ending as (

    select
        order_id,
        min(coalesce(involved_options, 'an option')) as involved_options
    from checks
    where reason_code in ('OPTION_ENDS_BEFORE_BUILD', 'OPTION_NOT_OFFERED')
    group by order_id

),

indices as (

    select
        driver,
        scope,
        arg_max(driver_value, driver_date) as newest_value,
        max(driver_date) as newest_date
    from external_drivers
    where list_contains({{ var('credit_drivers') }}, driver)
    group by driver, scope

),

year_ago as (

    select
        external_drivers.driver,
        external_drivers.scope,
        arg_max(external_drivers.driver_value, external_drivers.driver_date) as earlier_value
    from external_drivers
    inner join indices using (driver, scope)
    where external_drivers.driver_date <= indices.newest_date - 365
    group by external_drivers.driver, external_drivers.scope

)

select
    'order_demand' as risk_id,
    model as driver,
    {{ rate('earlier_orders - recent_orders') }} as numerator,
    {{ rate('earlier_orders') }} as denominator,
    {{ amount('greatest(earlier_orders - recent_orders, 0)', 'mean_margin') }} as value_at_risk,
    earlier_orders + recent_orders as observation_count
from by_model
union all
select
    'order_competition' as risk_id,
    shares.market_segment as driver,
    {{ rate('-shares.share_trend * shares.market_units') }} as numerator,
    {{ rate('shares.market_units') }} as denominator,
    null as value_at_risk,
    1 as observation_count
from shares
inner join newest_share on shares.period_start_date = newest_share.period_start_date
where
    shares.period = 'month'
    and shares.region = '*'
    and shares.market_segment <> '*'
    and shares.model = '*'
    and shares.share_trend is not null
union all
select
    'order_economy' as risk_id,
    indices.driver || case when indices.scope = '*' then '' else ' of ' || indices.scope end as driver,
    {{ rate('abs(indices.newest_value / year_ago.earlier_value - 1)') }} as numerator,
    1 as denominator,
    null as value_at_risk,
    1 as observation_count
from indices
inner join year_ago using (driver, scope)
where year_ago.earlier_value <> 0
union all
select
    'technology' as risk_id,
    ending.involved_options as driver,
    case when ending.order_id is null then 0 else 1 end as numerator,
    1 as denominator,
    case when ending.order_id is null then 0 else standing.margin end as value_at_risk,
    1 as observation_count
from standing
left join ending on standing.order_id = ending.order_id
