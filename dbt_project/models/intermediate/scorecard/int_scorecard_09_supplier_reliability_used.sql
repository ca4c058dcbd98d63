{%- set evidence -%}
select
    policy_input.item_id,
    policy_input.location_id,
    policy.supplier_id,
    policy_input.expected_late_share,
    supplier_scorecard.due_line_count,
    policy_input.calculated_safety_stock_units,
    policy_input.perfect_supplier_safety_stock_units,
    coalesce(
        policy_input.expected_late_share is not null and supplier_scorecard.due_line_count > 0, false
    ) as is_met
from policy_input
inner join policy
    on policy_input.item_id = policy.item_id and policy_input.location_id = policy.location_id
left join supplier_scorecard
    on policy.supplier_id = supplier_scorecard.supplier_id
    and policy.location_id = supplier_scorecard.location_id
where not policy_input.is_end_of_life
{%- endset -%}

with

policy_input as (

    select * from {{ ref('policy_input') }}

),

policy as (

    select * from {{ ref('policy') }}

),

supplier_scorecard as (

    select * from {{ ref('supplier_scorecard') }}

),

evidence as (

    {{ evidence | indent(4) }}

),

-- the quarter of item-locations whose supplier is late most often
ranked as (

    select
        *,
        {{ units('calculated_safety_stock_units - perfect_supplier_safety_stock_units') }} as response_units,
        case
            when expected_late_share is not null
                then percent_rank() over (
                    partition by expected_late_share is null
                    order by expected_late_share
                )
        end >= 0.75 as is_worst_quarter
    from evidence

),

judged as (

    select
        count(*) as evidence_rows,
        {{ share_of('count(*) filter (is_met)', 'count(*)') }} as value,
        count(*) filter (is_met) >= {{ var('scorecard_reliability_share') }} * count(*)
        and coalesce(sum(response_units) filter (is_worst_quarter), 0) <> 0 as is_met,
        {{ missing_evidence('policy_input', [
            'expected_late_share', 'due_line_count', 'perfect_supplier_safety_stock_units'
        ]) }} as null_reason
    from ranked

)

select
    {{ scorecard_row(
        9, 'policy_input, policy, supplier_scorecard', evidence, var('scorecard_reliability_share'), 'share'
    ) }}
from judged
