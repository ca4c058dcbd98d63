with

network_runs as (

    select * from {{ ref('stg_science__network_solver_run') }}

)

select
    'plan_fallback' as exception_type,
    'high' as severity,
    cast(null as varchar) as item_id,
    cast(null as varchar) as location_id,
    0 as value_at_risk,
    cast(null as decimal(18, 3)) as quantity_units,
    'solver_status_' || lower(solver_status) as reason_code,
    'The network model has no plan of its own; the orders are the policy''s.'
    || coalesce(' ' || detail, '') as detail,
    'Read solver_run; repair what it names and run the day again.' as suggested_action
from network_runs
where solver_status = 'FALLBACK'
