{%- set evidence -%}
select
    policy_input.item_id,
    policy_input.location_id,
    policy_input.plan_version,
    demand_plan_approval.plan_status,
    demand_plan_approval.approved_by,
    demand_plan_approval.approved_date,
    coalesce(
        demand_plan_approval.is_approved and demand_plan_approval.approved_date <= policy_input.as_of, false
    ) as is_met
from policy_input
left join demand_plan_approval on policy_input.plan_version = demand_plan_approval.plan_version
where not policy_input.is_end_of_life
{%- endset -%}

with

policy_input as (

    select * from {{ ref('policy_input') }}

),

demand_plan_approval as (

    select * from {{ ref('demand_plan_approval') }}

),

evidence as (

    {{ evidence | indent(4) }}

),

judged as (

    select
        count(*) as evidence_rows,
        {{ share_of('count(*) filter (is_met)', 'count(*)') }} as value,
        count(*) filter (is_met) >= {{ var('scorecard_policy_share') }} * count(*) as is_met,
        {{ missing_evidence('policy_input', ['plan_version', 'plan_status']) }} as null_reason
    from evidence

)

select
    {{ scorecard_row(
        6, 'policy_input, demand_plan_approval', evidence, var('scorecard_policy_share'), 'share'
    ) }}
from judged
