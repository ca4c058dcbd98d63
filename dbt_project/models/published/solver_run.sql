with

network_runs as (

    select * from {{ ref('stg_science__network_solver_run') }}

),

allocation_runs as (

    select * from {{ ref('stg_science__allocation_solver_run') }}

),

match_runs as (

    select * from {{ ref('stg_science__match_solver_run') }}

),

annual_runs as (

    select * from {{ ref('stg_science__annual_solver_run') }}

),

slot_runs as (

    select * from {{ ref('stg_science__mto_solver_run') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

runs as (

    select * from network_runs
    union all by name
    select * from allocation_runs
    union all by name
    select * from match_runs
    union all by name
    select * from annual_runs
    union all by name
    select * from slot_runs

)

select
    run_context.as_of,
    runs.optimisation_model,
    runs.batch_id,
    runs.solver_status,
    cast(runs.objective as double) as objective,
    cast(runs.objective_bound as double) as objective_bound,
    runs.relative_gap,
    runs.row_count,
    runs.column_count,
    cast(runs.slack_units as double) as slack_units,
    runs.max_violation,
    runs.is_audit_passed,
    runs.solver_version,
    runs.engine,
    runs.input_hash,
    runs.solution_hash,
    runs.random_seed,
    runs.slack_reason,
    runs.detail
from runs
cross join run_context
