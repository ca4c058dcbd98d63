{%- set evidence -%}
select
    period_number,
    max(run_as_of) as last_run_as_of,
    max(policy_keys) as policy_keys,
    max(calculated_keys) as calculated_keys,
    max(unbroken_keys) as unbroken_keys
from policy_run
where period_number <= {{ var('scorecard_periods') }}
group by period_number
{%- endset -%}

with

policy_run as (

    select * from {{ ref('policy_run') }}

),

evidence as (

    {{ evidence | indent(4) }}

),

-- what ran before the periods looked at: without it the site is younger than they are
oldest as (

    select max(period_number) as oldest_period from policy_run

),

counted as (

    select
        count(*) as evidence_rows,
        max(unbroken_keys) filter (period_number = {{ var('scorecard_periods') }}) as unbroken_keys,
        max(policy_keys) filter (period_number = 1) as policy_keys,
        {{ missing_evidence('policy_run', ['calculated_keys', 'unbroken_keys']) }} as null_reason
    from evidence

),

judged as (

    select
        counted.evidence_rows,
        {{ share_of('coalesce(counted.unbroken_keys, 0)', 'counted.policy_keys') }} as value,
        coalesce(counted.unbroken_keys, 0)
        >= {{ var('scorecard_policy_share') }} * counted.policy_keys as is_met,
        case
            when counted.null_reason is not null then counted.null_reason
            when oldest.oldest_period < {{ var('scorecard_periods') }}
                then 'fewer_than_{{ var("scorecard_periods") }}_periods_of_runs'
            when coalesce(counted.policy_keys, 0) = 0 then 'no_policies_today'
        end as null_reason
    from counted
    cross join oldest

)

select
    {{ scorecard_row(2, 'policy_run', evidence, var('scorecard_policy_share'), 'share') }}
from judged
