with

policies as (

    select * from {{ ref('stg_science__policy') }}

),

past_runs as (

    select * from {{ ref('stg_history__past_policy_run') }}

),

past_keys as (

    select * from {{ ref('stg_history__past_policy_key') }}

),

ledger_state as (

    select * from {{ ref('stg_history__ledger_state') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- what today's inputs gave; frozen and quarantined policies were not calculated
calculated as (

    select
        policies.change_state,
        policies.status in ('OK', 'FALLBACK', 'OVERRIDE') as is_calculated,
        coalesce(past_keys.unbroken_periods, 0) as unbroken_periods
    from policies
    left join past_keys
        on policies.item_id = past_keys.item_id and policies.location_id = past_keys.location_id

),

today as (

    select
        count(*) as policy_keys,
        count(*) filter (is_calculated) as calculated_keys,
        count(*) filter (change_state not in ('none', 'within_dead_band')) as changed_keys,
        count(*) filter (change_state = 'proposed') as proposed_keys,
        count(*) filter (change_state in ('auto_approved', 'approved', 'bootstrap')) as approved_keys
    from calculated

),

-- the newest run of a period is the one that is looked at
periods as (

    select
        period_number,
        max(release_as_of) as newest_as_of
    from past_runs
    where period_number > 1
    group by period_number

),

-- of the keys calculated today, those that every period up to this one has calculated
unbroken as (

    select
        periods.period_number,
        periods.newest_as_of,
        count(*) filter (
            calculated.is_calculated and calculated.unbroken_periods >= periods.period_number - 1
        ) as unbroken_keys
    from calculated
    cross join periods
    group by periods.period_number, periods.newest_as_of

),

runs as (

    select
        cast(null as varchar) as run_release_id,
        run_context.as_of as run_as_of,
        1 as period_number,
        today.policy_keys,
        today.calculated_keys,
        today.changed_keys,
        today.proposed_keys,
        today.approved_keys,
        today.calculated_keys as unbroken_keys,
        ledger_state.is_intact as is_ledger_intact,
        run_context.auto_approve_value
    from today
    cross join run_context
    left join ledger_state on true
    union all
    select
        past_runs.release_id as run_release_id,
        past_runs.release_as_of as run_as_of,
        past_runs.period_number,
        past_runs.policy_keys,
        past_runs.calculated_keys,
        past_runs.changed_keys,
        past_runs.proposed_keys,
        past_runs.approved_keys,
        unbroken.unbroken_keys,
        cast(null as boolean) as is_ledger_intact,
        cast(null as decimal(18, 4)) as auto_approve_value
    from past_runs
    left join unbroken on past_runs.release_as_of = unbroken.newest_as_of

)

select
    run_context.as_of,
    runs.run_as_of,
    runs.run_release_id,
    runs.period_number,
    runs.policy_keys,
    runs.calculated_keys,
    runs.unbroken_keys,
    runs.changed_keys,
    runs.proposed_keys,
    runs.approved_keys,
    runs.is_ledger_intact,
    cast(runs.auto_approve_value as double) as auto_approve_value
from runs
cross join run_context
