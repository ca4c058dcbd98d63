with

facts as (

    select * from {{ ref('int_mto_order_facts') }}

),

states as (

    select * from {{ ref('stg_science__mto_order_status') }}

),

slots as (

    select * from {{ ref('stg_science__mto_slot_assignment') }}

),

loads as (

    select * from {{ ref('stg_science__slot_load') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- open orders with what they earn, and how likely it is that they are cancelled
active as (

    select
        facts.order_id,
        facts.location_id,
        coalesce(facts.model, 'no model stated') as model,
        facts.change_count,
        facts.promise_count,
        facts.promise_slip_count,
        facts.credit_status,
        facts.credit_valid_to,
        states.predicted_p50_date,
        states.delay_cause,
        coalesce(states.cancel_probability, 1) as cancel_probability,
        coalesce(states.delay_status = 'late', false)
        or coalesce(slots.is_promise_broken, false) as is_late,
        date_diff(
            'day', coalesce(facts.last_told_date, facts.confirmed_date, facts.order_date), run_context.as_of
        ) as untold_days,
        {{ money('greatest(coalesce(facts.planned_margin, facts.quoted_price, 0), 0)') }} as margin
    from facts
    cross join run_context
    left join states on facts.order_id = states.order_id
    left join slots on facts.order_id = slots.order_id
    where facts.order_status = 'open'

),

-- what the customer may cancel for
priced as (

    select
        *,
        {{ amount('margin', 'cancel_probability') }} as cancel_value,
        case
            when credit_status = 'approved' and credit_valid_to < predicted_p50_date
                then 'credit ends before handover'
            when credit_status in ('pending', 'refused') then 'credit ' || credit_status
        end as credit_fault
    from active

)

select
    'manufacturing_delay' as risk_id,
    coalesce('milestone ' || delay_cause, 'no cause told') as driver,
    case when is_late then 1 else 0 end as numerator,
    1 as denominator,
    case when is_late then cancel_value else 0 end as value_at_risk,
    1 as observation_count
from priced
union all
select
    'order_quality' as risk_id,
    coalesce(facts.plant_id, 'no plant stated') as driver,
    case when facts.quality_hold_count + facts.rework_count > 0 then 1 else 0 end as numerator,
    1 as denominator,
    null as value_at_risk,
    1 as observation_count
from facts
cross join run_context
where facts.is_produced and coalesce(facts.delivered_date > run_context.as_of - 365, true)
union all
select
    'configuration_change' as risk_id,
    model as driver,
    case when change_count > 0 then 1 else 0 end as numerator,
    1 as denominator,
    null as value_at_risk,
    1 as observation_count
from priced
union all
select
    'supply_chain' as risk_id,
    plant_id || case when option_id = '*' then ' slots' else ' ' || option_id end as driver,
    case when is_binding then 1 else 0 end as numerator,
    1 as denominator,
    null as value_at_risk,
    1 as observation_count
from loads
where slot_units > 0 and not is_frozen
union all
select
    'cancellation' as risk_id,
    model as driver,
    {{ rate('cancel_value') }} as numerator,
    {{ rate('margin') }} as denominator,
    cancel_value as value_at_risk,
    1 as observation_count
from priced
union all
select
    'financing' as risk_id,
    credit_fault as driver,
    case when credit_fault is null then 0 else 1 end as numerator,
    1 as denominator,
    case when credit_fault is null then 0 else margin end as value_at_risk,
    1 as observation_count
from priced
union all
select
    'expectation' as risk_id,
    model as driver,
    case when promise_slip_count > 0 then 1 else 0 end as numerator,
    1 as denominator,
    case when promise_slip_count > 0 then cancel_value else 0 end as value_at_risk,
    1 as observation_count
from priced
where promise_count > 0
union all
select
    'communication' as risk_id,
    location_id as driver,
    case when untold_days > {{ var('untold_days') }} then 1 else 0 end as numerator,
    1 as denominator,
    case when untold_days > {{ var('untold_days') }} then cancel_value else 0 end as value_at_risk,
    1 as observation_count
from priced
