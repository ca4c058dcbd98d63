with

network_runs as (

    select * from {{ ref('stg_science__network_solver_run') }}

),

annual_runs as (

    select * from {{ ref('stg_science__annual_solver_run') }}

),

runs as (

    select
        solver_status,
        detail,
        'solver_status_' as reason_prefix,
        'The network model has no plan of its own; the orders are the policy''s.' as told
    from network_runs
    union all by name
    select
        solver_status,
        detail,
        'annual_solver_status_' as reason_prefix,
        'The year is planned by need alone: no limit is heeded and nothing is priced.' as told
    from annual_runs

)

select
    'plan_fallback' as exception_type,
    'high' as severity,
    cast(null as varchar) as item_id,
    cast(null as varchar) as location_id,
    0 as value_at_risk,
    cast(null as decimal(18, 3)) as quantity_units,
    reason_prefix || lower(solver_status) as reason_code,
    told || coalesce(' ' || detail, '') as detail,
    'Read solver_run; repair what it names and run the day again.' as suggested_action
from runs
where solver_status = 'FALLBACK'
