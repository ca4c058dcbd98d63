with

facts as (

    select * from {{ ref('int_mto_order_facts') }}

),

periods as (

    select * from {{ ref('int_kpi_periods') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

orders as (

    select
        facts.* replace (
            coalesce(facts.region, 'unknown') as region,
            coalesce(facts.category, 'unknown') as category,
            coalesce(facts.segment_id, 'POOL') as segment_id
        ),
        run_context.as_of,
        -- what was never confirmed belongs to no cohort, unless the source tells of no confirmation at all
        facts.confirmed_date is not null
        or facts.is_delivered
        or not bool_or(facts.confirmed_date is not null) over () as has_confirmation
    from facts
    cross join run_context

),

-- which events of an order lie in a period; a promise is due when its day is over, or was kept
placed as (

    select
        orders.*,
        periods.period,
        periods.window_days,
        periods.period_end_date,
        orders.has_confirmation
        and orders.cohort_date between periods.period_start_date and periods.period_end_date as is_confirmed,
        coalesce(orders.delivered_date between periods.period_start_date and periods.period_end_date, false)
            as is_handed_over,
        coalesce(orders.built_date between periods.period_start_date and periods.period_end_date, false)
            as is_built,
        orders.order_status in ('delivered', 'cancelled')
        and coalesce(orders.closed_date between periods.period_start_date and periods.period_end_date, false)
            as is_closed,
        orders.cohort_date <= periods.period_end_date
        and coalesce(orders.closed_date >= periods.period_start_date, true) as is_active,
        coalesce(
            orders.first_promise_date between periods.period_start_date and periods.period_end_date
            and (orders.is_delivered or orders.first_promise_date < orders.as_of)
            and coalesce(orders.cancelled_date > orders.first_promise_date, true),
            false
        ) as is_first_due,
        coalesce(
            orders.current_promise_date between periods.period_start_date and periods.period_end_date
            and (orders.is_delivered or orders.current_promise_date < orders.as_of)
            and coalesce(orders.cancelled_date > orders.current_promise_date, true),
            false
        ) as is_current_due,
        coalesce(
            orders.first_promise_p50_date between periods.period_start_date and periods.period_end_date
            and (orders.is_delivered or orders.first_promise_p50_date < orders.as_of)
            and coalesce(orders.cancelled_date > orders.first_promise_p50_date, true),
            false
        ) as is_p50_due,
        -- an open order that is later than the tolerance has missed it already
        coalesce(
            orders.order_status = 'open'
            and orders.first_estimate_date + {{ var('mto_accuracy_days') }} < orders.as_of
            and orders.first_estimate_date + {{ var('mto_accuracy_days') }}
            between periods.period_start_date and periods.period_end_date,
            false
        ) as is_missed,
        orders.delivered_date - orders.first_estimate_date as estimate_error_days,
        orders.final_price - orders.quoted_price as price_change,
        orders.final_price - orders.quoted_price - orders.agreed_price_change as unexplained_price_change,
        {{ amount('orders.quoted_price', var('mto_price_tolerance_share')) }} as price_tolerance
    from orders
    cross join periods

),

summed as (

    select
        {{ kpi_scope_columns() }},
        period,
        window_days,
        period_end_date,
        count(*) filter (is_confirmed) as confirmed_orders,
        count(*) filter (is_confirmed and is_delivered) as cohort_delivered,
        count(*) filter (is_confirmed and is_cancelled) as cohort_cancelled,
        count(*) filter (is_confirmed and late_customer_change_count > 0) as changed_orders,
        sum(late_customer_change_count) filter (is_confirmed) as customer_changes,
        count(*) filter (is_confirmed and late_internal_change_count > 0) as internally_changed_orders,
        count(*) filter (is_handed_over) as delivered_orders,
        count(*) filter (is_handed_over and is_as_built_known) as compared_orders,
        count(*) filter (is_handed_over and option_difference_count = 0) as accurate_orders,
        count(*) filter (is_first_due and postponement_count = 0) as first_due_orders,
        count(*) filter (is_first_due and postponement_count = 0 and is_on_time_first)
            as first_kept_orders,
        count(*) filter (
            is_first_due
            and postponement_count = 0
            and days_after_first_promise < -{{ var('mto_early_days') }}
        ) as early_orders,
        count(*) filter (is_first_due) as all_first_due_orders,
        count(*) filter (is_first_due and postponement_count > 0) as postponed_orders,
        count(*) filter (is_current_due) as current_due_orders,
        count(*) filter (is_current_due and is_on_time_current) as current_kept_orders,
        count(*) filter (is_built and is_produced) as built_orders,
        count(*) filter (is_built and is_produced and is_first_time_right) as right_orders,
        sum(defect_count) filter (is_built and is_produced) as defects,
        sum(pdi_failure_count) filter (is_built and is_produced) as pdi_failures,
        count(*) filter (is_handed_over and delivered_date + 30 <= as_of) as seasoned_orders,
        sum(escaped_defect_count) filter (is_handed_over and delivered_date + 30 <= as_of)
            as escaped_defects,
        count(estimate_error_days) filter (is_handed_over) as estimated_orders,
        sum(abs(estimate_error_days)) filter (is_handed_over) as absolute_error_days,
        sum(estimate_error_days) filter (is_handed_over) as error_days,
        count(*) filter (
            (is_handed_over and estimate_error_days is not null) or is_missed
        ) as judged_orders,
        count(*) filter (
            is_handed_over and abs(estimate_error_days) <= {{ var('mto_accuracy_days') }}
        ) as accurate_date_orders,
        count(*) filter (is_p50_due) as p50_due_orders,
        count(*) filter (is_p50_due and delivered_date <= first_promise_p50_date) as p50_kept_orders,
        count(*) filter (is_first_due and first_promise_p50_date is not null) as p90_due_orders,
        count(*) filter (is_first_due and first_promise_p50_date is not null and is_on_time_first)
            as p90_kept_orders,
        count(*) filter (is_active) as active_orders,
        count(*) filter (is_active and exception_count > 0) as exceptional_orders,
        sum(exception_count) filter (is_active) as exceptions,
        sum(closed_event_count) filter (is_active) as resolved_events,
        sum(resolution_days) filter (is_active) as resolution_days,
        count(actual_margin) filter (is_handed_over) as margin_orders,
        sum(actual_margin) filter (is_handed_over) as actual_margin,
        sum(recognised_revenue) filter (is_handed_over and actual_margin is not null) as margin_revenue,
        count(*) filter (is_handed_over and actual_margin is not null and planned_margin is not null)
            as planned_orders,
        sum(actual_margin) filter (is_handed_over and planned_margin is not null) as planned_actual_margin,
        sum(planned_margin) filter (is_handed_over and actual_margin is not null) as planned_margin,
        sum(price_variance) filter (is_handed_over) as price_variance,
        sum(spec_variance) filter (is_handed_over) as spec_variance,
        sum(cost_variance) filter (is_handed_over) as cost_variance,
        sum(capital_days) filter (is_handed_over and actual_margin is not null) as capital_days,
        count(*) filter (is_confirmed and has_costs) as costed_orders,
        sum(handling_cost) filter (is_confirmed and has_costs) as handling_cost,
        count(*) filter (is_handed_over and has_costs) as costed_deliveries,
        sum(handling_cost) filter (is_handed_over and has_costs) as delivered_handling_cost,
        count(price_change) filter (is_handed_over) as priced_orders,
        count(*) filter (is_handed_over and abs(price_change) <= price_tolerance) as kept_price_orders,
        count(*) filter (is_handed_over and abs(unexplained_price_change) <= price_tolerance)
            as explained_price_orders,
        sum(quoted_price) filter (is_handed_over and price_change is not null) as quoted_price,
        sum(abs(price_change)) filter (is_handed_over) as price_error,
        sum(abs(unexplained_price_change)) filter (is_handed_over) as unexplained_price_error,
        count(*) filter (is_closed) as closed_orders,
        count(*) filter (is_closed and is_cancelled) as cancelled_orders,
        count(*) filter (is_closed and has_costs) as costed_closed_orders,
        count(*) filter (is_closed and has_costs and expedite_cost > 0) as expedited_orders
    from placed
    group by {{ kpi_grouping_sets('period, window_days, period_end_date') }}

),

-- the network has its rows also where nothing is built to order: they say so
scopes as (

    select
        scope_type,
        scope_id
    from summed
    union
    select
        'network' as scope_type,
        '*' as scope_id

),

wanted as (

    select
        scopes.scope_type,
        scopes.scope_id,
        periods.period,
        periods.window_days,
        periods.period_end_date
    from scopes
    inner join periods on periods.period = 'rolling' or scopes.scope_type = 'network'

)

select
    wanted.scope_type,
    wanted.scope_id,
    wanted.period,
    wanted.window_days,
    wanted.period_end_date,
    summed.confirmed_orders,
    summed.cohort_delivered,
    summed.cohort_cancelled,
    summed.changed_orders,
    summed.customer_changes,
    summed.internally_changed_orders,
    summed.delivered_orders,
    summed.compared_orders,
    summed.accurate_orders,
    summed.first_due_orders,
    summed.first_kept_orders,
    summed.early_orders,
    summed.all_first_due_orders,
    summed.postponed_orders,
    summed.current_due_orders,
    summed.current_kept_orders,
    summed.built_orders,
    summed.right_orders,
    summed.defects,
    summed.pdi_failures,
    summed.seasoned_orders,
    summed.escaped_defects,
    summed.estimated_orders,
    summed.absolute_error_days,
    summed.error_days,
    summed.judged_orders,
    summed.accurate_date_orders,
    summed.p50_due_orders,
    summed.p50_kept_orders,
    summed.p90_due_orders,
    summed.p90_kept_orders,
    summed.active_orders,
    summed.exceptional_orders,
    summed.exceptions,
    summed.resolved_events,
    summed.resolution_days,
    summed.margin_orders,
    summed.actual_margin,
    summed.margin_revenue,
    summed.planned_orders,
    summed.planned_actual_margin,
    summed.planned_margin,
    summed.price_variance,
    summed.spec_variance,
    summed.cost_variance,
    summed.capital_days,
    summed.costed_orders,
    summed.handling_cost,
    summed.costed_deliveries,
    summed.delivered_handling_cost,
    summed.priced_orders,
    summed.kept_price_orders,
    summed.explained_price_orders,
    summed.quoted_price,
    summed.price_error,
    summed.unexplained_price_error,
    summed.closed_orders,
    summed.cancelled_orders,
    summed.costed_closed_orders,
    summed.expedited_orders
from wanted
left join summed using (scope_type, scope_id, period, window_days, period_end_date)
