{%- set evidence -%}
select
    policy_change.change_id,
    policy_change.item_id,
    policy_change.location_id,
    policy_change.change_kind,
    policy_change.change_state,
    policy_change.change_value,
    policy_run.auto_approve_value,
    policy_change.author,
    approval.actor as approver,
    approval.event_at as approved_at,
    approval.event_id is not null as is_met
from policy_change
inner join policy_run on policy_change.as_of = policy_run.run_as_of
left join approval
    on
        policy_change.change_id = approval.subject
        and approval.decided_what = 'approved'
        and approval.is_effective
        and approval.actor <> policy_change.author
        and cast(approval.event_at as date) <= policy_change.as_of
where
    policy_change.change_state in ('auto_approved', 'approved')
    and policy_change.change_value > policy_run.auto_approve_value
{%- endset -%}

with

policy_change as (

    select * from {{ ref('policy_change') }}

),

policy_run as (

    select * from {{ ref('policy_run') }}

),

approval as (

    select * from {{ ref('approval') }}

),

evidence as (

    {{ evidence | indent(4) }}

),

-- without a single decision of a person nothing shows that anybody is asked
decisions as (

    select count(*) as decision_count from approval

),

counted as (

    select
        count(*) as evidence_rows,
        {{ share_of('count(*) filter (is_met)', 'count(*)') }} as value,
        bool_and(is_met) as is_met,
        {{ missing_evidence('policy_change', ['author', 'auto_approve_value']) }} as null_reason
    from evidence

),

judged as (

    select
        counted.evidence_rows,
        counted.value,
        counted.is_met,
        case
            when counted.evidence_rows = 0 then 'no_published_change_above_the_limit'
            when counted.null_reason is not null then counted.null_reason
            when decisions.decision_count = 0 then 'no_rows_in_approval'
        end as null_reason
    from counted
    cross join decisions

)

select
    {{ scorecard_row(11, 'policy_change, policy_run, approval', evidence, 1, 'share') }}
from judged
