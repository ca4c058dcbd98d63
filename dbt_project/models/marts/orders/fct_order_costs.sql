with

orders as (

    select * from {{ ref('int_mto_orders_resolved') }}

),

changes as (

    select
        order_id,
        sum(price_delta) as changed_price
    from {{ ref('fct_mto_changes') }}
    where change_status = 'approved'
    group by order_id

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- capital is tied from the day of the entry until the order is closed; a deposit is the customer's
entries as (

    select
        entries.order_id,
        entries.cost_kind,
        entries.amount,
        greatest(coalesce(orders.closed_date, run_context.as_of) - entries.cost_date, 0) as tied_days
    from {{ ref('stg_ims__order_cost') }} as entries
    cross join run_context
    inner join orders on entries.order_id = orders.order_id

),

summed as (

    select
        order_id,
        sum(amount) filter (cost_kind not in ('deposit', 'invoice')) as cost_amount,
        sum(amount) filter (cost_kind = 'invoice') as invoiced_amount,
        sum(amount) filter (cost_kind = 'deposit') as deposit_amount,
        sum(amount) filter (cost_kind = 'build') as build_cost,
        sum(amount) filter (cost_kind = 'options') as option_cost,
        sum(amount) filter (cost_kind = 'transport') as transport_cost,
        sum(amount) filter (cost_kind = 'preparation') as preparation_cost,
        sum(amount) filter (cost_kind = 'administration') as administration_cost,
        sum(amount) filter (cost_kind = 'coordination') as coordination_cost,
        sum(amount) filter (cost_kind = 'expedite') as expedite_cost,
        sum(amount) filter (cost_kind = 'incentive') as incentive_cost,
        sum(amount) filter (cost_kind = 'warranty') as warranty_cost,
        sum(
            case when cost_kind = 'deposit' then -1 when cost_kind = 'invoice' then 0 else 1 end
            * {{ amount('amount', 'tied_days') }}
        ) as capital_days
    from entries
    group by order_id

),

gathered as (

    select
        orders.order_id,
        orders.location_id,
        orders.order_status,
        orders.delivered_date,
        orders.quoted_price as planned_revenue,
        orders.quoted_cost as planned_cost,
        coalesce(changes.changed_price, 0) as changed_price,
        summed.deposit_amount is null and orders.deposit > 0 as has_unbooked_deposit,
        coalesce(summed.deposit_amount, orders.deposit, 0) as deposit,
        -- an order's revenue is earned on the day of its delivery, and not when money comes in
        case
            when orders.order_status = 'delivered'
                then coalesce(orders.final_price, summed.invoiced_amount, orders.quoted_price)
        end as recognised_revenue,
        coalesce(summed.cost_amount, 0) as actual_cost,
        summed.cost_amount is not null as has_costs,
        coalesce(summed.build_cost, 0) as build_cost,
        coalesce(summed.option_cost, 0) as option_cost,
        coalesce(summed.transport_cost, 0) as transport_cost,
        coalesce(summed.preparation_cost, 0) as preparation_cost,
        coalesce(summed.administration_cost, 0) as administration_cost,
        coalesce(summed.coordination_cost, 0) as coordination_cost,
        coalesce(summed.expedite_cost, 0) as expedite_cost,
        coalesce(summed.incentive_cost, 0) as incentive_cost,
        coalesce(summed.warranty_cost, 0) as warranty_cost,
        coalesce(summed.capital_days, 0) as booked_capital_days,
        greatest(
            coalesce(orders.closed_date, run_context.as_of)
            - coalesce(orders.confirmed_date, orders.order_date),
            0
        ) as deposit_days
    from orders
    cross join run_context
    left join summed on orders.order_id = summed.order_id
    left join changes on orders.order_id = changes.order_id

),

-- what a changed configuration costs is not told: it is taken to cost as much of its price as the order
specified as (

    select
        *,
        case
            when planned_revenue > 0
                then {{ amount('changed_price', '(planned_cost / planned_revenue)') }}
        end as changed_cost
    from gathered

),

judged as (

    select
        *,
        {{ money('planned_revenue - planned_cost') }} as planned_margin,
        case when has_costs then {{ money('recognised_revenue - actual_cost') }} end as actual_margin,
        {{ money('recognised_revenue - planned_revenue - changed_price') }} as price_variance,
        {{ money('changed_price - changed_cost') }} as spec_variance,
        case when has_costs then {{ money('planned_cost + changed_cost - actual_cost') }} end
            as cost_variance
    from specified

)

select
    order_id,
    location_id,
    order_status,
    case when recognised_revenue is not null then delivered_date end as recognised_date,
    {{ money('recognised_revenue') }} as recognised_revenue,
    planned_revenue,
    planned_cost,
    planned_margin,
    {{ money('actual_cost') }} as actual_cost,
    has_costs,
    actual_margin,
    -- the three are told together or not at all, and together they are the difference of the margins
    case when actual_margin is not null and planned_margin is not null then price_variance end
        as price_variance,
    case when actual_margin is not null and planned_margin is not null then spec_variance end
        as spec_variance,
    case when actual_margin is not null and planned_margin is not null then cost_variance end
        as cost_variance,
    {{ money('build_cost') }} as build_cost,
    {{ money('option_cost') }} as option_cost,
    {{ money('transport_cost') }} as transport_cost,
    {{ money('preparation_cost') }} as preparation_cost,
    {{ money('administration_cost') }} as administration_cost,
    {{ money('coordination_cost') }} as coordination_cost,
    {{ money('expedite_cost') }} as expedite_cost,
    {{ money('incentive_cost') }} as incentive_cost,
    {{ money('warranty_cost') }} as warranty_cost,
    {{ money('deposit') }} as deposit,
    {{ money(
        'booked_capital_days - case when has_unbooked_deposit then deposit * deposit_days else 0 end'
    ) }} as capital_days
from judged
