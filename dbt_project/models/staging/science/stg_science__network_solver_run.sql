with

source as (

    select * from {{ source('science', 'opt_out__network_solver_run') }}

),

typed as (

    select
        optimisation_model,
        batch_id,
        solver_status,
        {{ money('objective') }} as objective,
        {{ money('objective_bound') }} as objective_bound,
        relative_gap,
        row_count,
        column_count,
        {{ units('slack_units') }} as slack_units,
        max_violation,
        is_audit_passed,
        solver_version,
        engine,
        input_hash,
        solution_hash,
        random_seed,
        slack_reason,
        detail
    from source

)

select * from typed
