with

source as (

    select * from {{ source('science', 'opt_out__annual_solver_run') }}

),

-- numbers stay as they were written
chosen as (

    select
        optimisation_model,
        batch_id,
        solver_status,
        objective,
        objective_bound,
        relative_gap,
        row_count,
        column_count,
        slack_units,
        max_violation,
        is_audit_passed,
        solver_version,
        detail
    from source

)

select * from chosen
