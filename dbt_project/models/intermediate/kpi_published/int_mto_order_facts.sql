with

orders as (

    select * from {{ ref('fct_mto_orders') }}

),

costs as (

    select * from {{ ref('fct_order_costs') }}

),

standings as (

    select * from {{ ref('stg_science__mto_order_status') }}

),

notifications as (

    select * from {{ ref('stg_science__notification') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

changes as (

    select
        order_id,
        count(*) as change_count,
        count(*) filter (requested_by = 'customer') as customer_change_count,
        count(*) filter (requested_by = 'internal') as internal_change_count,
        count(*) filter (change_status = 'approved') as approved_change_count,
        count(*) filter (
            requested_by = 'customer' and change_status = 'approved' and new_requested_date is not null
        ) as postponement_count,
        max(options) filter (is_last_approved) as agreed_options
    from {{ ref('fct_mto_changes') }}
    group by order_id

),

-- what was asked for once the order was confirmed, and what of the price the customer has agreed to
late_changes as (

    select
        changes.order_id,
        count(*) filter (
            changes.request_date >= coalesce(orders.confirmed_date, orders.order_date)
        ) as late_change_count,
        count(*) filter (
            changes.requested_by = 'customer'
            and changes.request_date >= coalesce(orders.confirmed_date, orders.order_date)
        ) as late_customer_change_count,
        count(*) filter (
            changes.requested_by = 'internal'
            and changes.request_date >= coalesce(orders.confirmed_date, orders.order_date)
        ) as late_internal_change_count,
        sum(changes.price_delta) filter (
            changes.requested_by = 'customer' and changes.change_status = 'approved'
        ) as agreed_price_change
    from {{ ref('fct_mto_changes') }} as changes
    inner join orders on changes.order_id = orders.order_id
    group by changes.order_id

),

-- the build ends with the tenth step
builds as (

    select
        order_id,
        cast(min(reached_at) as date) as built_date
    from {{ ref('stg_science__mto_step') }}
    where milestone_step >= 10 and reached_at is not null
    group by order_id

),

-- the promise that stands at each number, and whether it was later than the one before
promises as (

    select
        order_id,
        promise_number,
        promise_p50_date,
        promise_p90_date,
        promise_p90_date > lag(promise_p90_date) over (
            partition by order_id
            order by promise_number
        ) as is_slip
    from {{ ref('stg_science__mto_promise') }}

),

promised as (

    select
        order_id,
        count(*) as promise_count,
        count(*) filter (is_slip) as slip_count,
        arg_min(promise_p50_date, promise_number) as first_p50_date,
        arg_min(promise_p90_date, promise_number) as first_p90_date,
        arg_max(promise_p90_date, promise_number) as current_p90_date
    from promises
    group by order_id

),

events as (

    select * from {{ ref('opt_in__quality_event') }}

),

-- an event tells its order, or else the unit that was built
order_events as (

    select
        events.quality_kind,
        events.opened_date,
        events.closed_date,
        orders.order_id
    from events
    inner join orders on events.order_id = orders.order_id
    union all
    select
        events.quality_kind,
        events.opened_date,
        events.closed_date,
        orders.order_id
    from events
    inner join orders on events.unit_id = orders.unit_id
    where events.order_id is null

),

-- what came after the handover is not of the build
quality_events as (

    select
        order_events.quality_kind,
        order_events.opened_date,
        order_events.closed_date,
        order_events.order_id
    from order_events
    cross join run_context
    inner join orders on order_events.order_id = orders.order_id
    where order_events.opened_date <= coalesce(orders.closed_date, run_context.as_of)

),

quality as (

    select
        order_id,
        count(*) as quality_event_count,
        count(*) filter (quality_kind = 'hold') as quality_hold_count,
        count(*) filter (quality_kind = 'rework') as rework_count,
        count(*) filter (quality_kind = 'defect') as defect_count,
        count(*) filter (quality_kind = 'pdi_failure') as pdi_failure_count,
        count(closed_date) as closed_event_count,
        sum(closed_date - opened_date) as resolution_days
    from quality_events
    group by order_id

),

-- a defect that shows within thirty days of the handover escaped the checks before it
escaped as (

    select
        order_events.order_id,
        count(*) as escaped_defect_count
    from order_events
    inner join orders on order_events.order_id = orders.order_id
    where
        order_events.quality_kind in ('defect', 'field_defect')
        and order_events.opened_date > orders.delivered_date
        and order_events.opened_date <= orders.delivered_date + 30
    group by order_events.order_id

),

-- an older message than the outbox keeps counts as none
told as (

    select
        subject_id as order_id,
        max(created_date) as last_told_date
    from notifications
    group by subject_id

),

gathered as (

    select
        orders.*,
        orders.order_status = 'delivered' as is_delivered,
        orders.order_status = 'cancelled' as is_cancelled,
        coalesce(changes.change_count, 0) as change_count,
        coalesce(changes.customer_change_count, 0) as customer_change_count,
        coalesce(changes.internal_change_count, 0) as internal_change_count,
        coalesce(changes.approved_change_count, 0) as approved_change_count,
        coalesce(changes.postponement_count, 0) as postponement_count,
        coalesce(late_changes.late_change_count, 0) as late_change_count,
        coalesce(late_changes.late_customer_change_count, 0) as late_customer_change_count,
        coalesce(late_changes.late_internal_change_count, 0) as late_internal_change_count,
        coalesce(late_changes.agreed_price_change, 0) as agreed_price_change,
        builds.built_date,
        coalesce(changes.agreed_options, orders.options) as agreed_options,
        coalesce(promised.promise_count, 0) as promise_count,
        coalesce(promised.slip_count, 0) as promise_slip_count,
        promised.first_p50_date as first_promise_p50_date,
        -- an order that was promised before Stockplan knew it was promised by its source
        coalesce(promised.first_p90_date, standings.first_promise_date, orders.promised_date)
            as first_promise_date,
        coalesce(promised.current_p90_date, standings.current_promise_date, orders.promised_date)
            as current_promise_date,
        orders.order_status = 'delivered'
        or orders.as_built_options is not null
        or coalesce(standings.milestone_step >= 10, false) as is_produced,
        coalesce(quality.quality_event_count, 0) as quality_event_count,
        coalesce(quality.quality_hold_count, 0) as quality_hold_count,
        coalesce(quality.rework_count, 0) as rework_count,
        coalesce(quality.defect_count, 0) as defect_count,
        coalesce(quality.pdi_failure_count, 0) as pdi_failure_count,
        coalesce(quality.closed_event_count, 0) as closed_event_count,
        coalesce(quality.resolution_days, 0) as resolution_days,
        coalesce(escaped.escaped_defect_count, 0) as escaped_defect_count,
        told.last_told_date,
        case
            when orders.order_status = 'open'
                then
                    cast(coalesce(standings.delay_status = 'late', false) as integer)
                    + cast(coalesce(standings.is_stuck, false) as integer)
                    + cast(coalesce(standings.is_silent, false) as integer)
            else 0
        end as standing_count
    from orders
    left join changes on orders.order_id = changes.order_id
    left join late_changes on orders.order_id = late_changes.order_id
    left join builds on orders.order_id = builds.order_id
    left join promised on orders.order_id = promised.order_id
    left join standings on orders.order_id = standings.order_id
    left join quality on orders.order_id = quality.order_id
    left join escaped on orders.order_id = escaped.order_id
    left join told on orders.order_id = told.order_id
    where orders.is_in_history and orders.order_status <> 'quoted'

),

compared as (

    select
        *,
        string_split(nullif(agreed_options, ''), '|') as agreed_list,
        string_split(nullif(as_built_options, ''), '|') as built_list
    from gathered

)

select
    compared.order_id,
    compared.location_id,
    compared.region,
    compared.category,
    compared.model,
    compared.market,
    compared.plant_id,
    compared.segment_id,
    compared.lead_time_class,
    compared.order_status,
    cast(date_trunc('month', coalesce(compared.confirmed_date, compared.order_date)) as date)
        as cohort_month,
    compared.order_date,
    compared.confirmed_date,
    compared.delivered_date,
    compared.cancelled_date,
    compared.cancel_reason,
    compared.is_delivered,
    compared.is_cancelled,
    compared.change_count,
    compared.customer_change_count,
    compared.internal_change_count,
    compared.approved_change_count,
    compared.postponement_count,
    compared.agreed_options,
    compared.as_built_options,
    compared.as_built_options is not null as is_as_built_known,
    -- options that are missing, and options that nobody agreed to
    case
        when compared.as_built_options is not null
            then
                cast(
                    coalesce(len(compared.agreed_list), 0)
                    + coalesce(len(compared.built_list), 0)
                    - 2 * coalesce(len(list_intersect(compared.agreed_list, compared.built_list)), 0)
                    as bigint
                )
    end as option_difference_count,
    compared.is_produced,
    compared.quality_event_count,
    compared.quality_hold_count,
    compared.rework_count,
    compared.defect_count,
    compared.pdi_failure_count,
    compared.escaped_defect_count,
    case
        when compared.is_produced then compared.quality_hold_count + compared.rework_count = 0
    end as is_first_time_right,
    cast(
        compared.quality_event_count + compared.promise_slip_count + compared.standing_count as bigint
    ) as exception_count,
    compared.promise_count,
    compared.promise_slip_count,
    compared.last_told_date,
    compared.credit_status,
    compared.credit_valid_to,
    compared.first_promise_p50_date,
    compared.first_promise_date,
    compared.current_promise_date,
    cast(compared.first_promise_p50_date - compared.order_date as bigint) as expected_lead_days,
    cast(compared.first_promise_date - compared.order_date as bigint) as promised_lead_days,
    cast(compared.delivered_date - compared.order_date as bigint) as actual_lead_days,
    cast(compared.delivered_date - compared.first_promise_date as bigint) as days_after_first_promise,
    compared.delivered_date <= compared.first_promise_date as is_on_time_first,
    compared.delivered_date <= compared.current_promise_date as is_on_time_current,
    compared.quoted_price,
    compared.final_price,
    costs.recognised_date,
    costs.recognised_revenue,
    costs.planned_margin,
    costs.actual_margin,
    costs.price_variance,
    costs.spec_variance,
    costs.cost_variance,
    costs.administration_cost + costs.coordination_cost as handling_cost,
    costs.expedite_cost,
    costs.capital_days,
    costs.has_costs,
    costs.actual_cost,
    compared.late_change_count,
    compared.late_customer_change_count,
    compared.late_internal_change_count,
    compared.agreed_price_change,
    -- a delivered order was built before; of its milestones only the end is kept
    coalesce(compared.built_date, compared.delivered_date) as built_date,
    coalesce(compared.confirmed_date, compared.order_date) as cohort_date,
    coalesce(compared.closed_date, compared.delivered_date, compared.cancelled_date) as closed_date,
    coalesce(compared.first_promise_p50_date, compared.first_promise_date) as first_estimate_date,
    compared.closed_event_count,
    compared.resolution_days
from compared
left join costs on compared.order_id = costs.order_id
