with

orders as (

    select * from {{ ref('int_mto_order_facts') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    orders.order_id,
    orders.location_id,
    orders.region,
    orders.category,
    orders.model,
    orders.market,
    orders.plant_id,
    orders.segment_id,
    orders.lead_time_class,
    orders.order_status,
    orders.cohort_month,
    orders.order_date,
    orders.confirmed_date,
    orders.delivered_date,
    orders.cancelled_date,
    orders.cancel_reason,
    orders.is_delivered,
    orders.is_cancelled,
    orders.change_count,
    orders.customer_change_count,
    orders.internal_change_count,
    orders.approved_change_count,
    orders.postponement_count,
    orders.agreed_options,
    orders.as_built_options,
    orders.is_as_built_known,
    orders.option_difference_count,
    orders.is_produced,
    orders.quality_event_count,
    orders.quality_hold_count,
    orders.rework_count,
    orders.defect_count,
    orders.pdi_failure_count,
    orders.escaped_defect_count,
    orders.is_first_time_right,
    orders.exception_count,
    orders.promise_count,
    orders.promise_slip_count,
    orders.last_told_date,
    orders.credit_status,
    orders.credit_valid_to,
    orders.first_promise_p50_date,
    orders.first_promise_date,
    orders.current_promise_date,
    orders.expected_lead_days,
    orders.promised_lead_days,
    orders.actual_lead_days,
    orders.days_after_first_promise,
    orders.is_on_time_first,
    orders.is_on_time_current,
    cast(orders.quoted_price as double) as quoted_price,
    cast(orders.final_price as double) as final_price,
    orders.recognised_date,
    cast(orders.recognised_revenue as double) as recognised_revenue,
    cast(orders.planned_margin as double) as planned_margin,
    cast(orders.actual_margin as double) as actual_margin,
    cast(orders.price_variance as double) as price_variance,
    cast(orders.spec_variance as double) as spec_variance,
    cast(orders.cost_variance as double) as cost_variance,
    cast(orders.handling_cost as double) as handling_cost,
    cast(orders.expedite_cost as double) as expedite_cost,
    cast(orders.capital_days as double) as capital_days
from orders
cross join run_context
