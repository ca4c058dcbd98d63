with

runs as (

    select * from {{ ref('stg_science__rebalance_run') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    runs.rebalance_trigger,
    runs.rebalance_decision,
    runs.reason_code,
    runs.plan_id,
    runs.rule_id,
    runs.pool_count,
    runs.rebalanced_units,
    runs.expected_benefit,
    runs.detail,
    runs.action_id,
    runs.event_at
from runs
cross join run_context
