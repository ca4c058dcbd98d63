{%- set evidence -%}
select
    policy_change.change_id,
    policy_change.item_id,
    policy_change.location_id,
    policy_change.author,
    policy_change.proposed_date,
    policy_change.old_reorder_point_units,
    policy_change.new_reorder_point_units,
    policy_change.reason_code,
    policy_run.is_ledger_intact,
    coalesce(
        policy_change.author is not null
        and policy_change.proposed_date is not null
        and (policy_change.change_state = 'bootstrap' or policy_change.old_reorder_point_units is not null)
        and (policy_change.change_state = 'bootstrap' or policy_change.old_order_up_to_units is not null)
        and policy_change.new_reorder_point_units is not null
        and policy_change.new_order_up_to_units is not null
        and policy_change.reason_code is not null
        and policy_run.is_ledger_intact,
        false
    ) as is_met
from policy_change
left join policy_run on policy_change.as_of = policy_run.run_as_of
{%- endset -%}

with

policy_change as (

    select * from {{ ref('policy_change') }}

),

policy_run as (

    select * from {{ ref('policy_run') }}

),

evidence as (

    {{ evidence | indent(4) }}

),

judged as (

    select
        count(*) as evidence_rows,
        {{ share_of('count(*) filter (is_met)', 'count(*)') }} as value,
        bool_and(is_met) as is_met,
        {{ missing_evidence('policy_change', [
            'author', 'proposed_date', 'new_reorder_point_units', 'reason_code', 'is_ledger_intact'
        ]) }} as null_reason
    from evidence

)

select
    {{ scorecard_row(12, 'policy_change, policy_run', evidence, 1, 'share') }}
from judged
