with

network_runs as (

    select * from {{ ref('stg_science__network_solver_run') }}

)

select
    'plan_gap_open' as exception_type,
    'medium' as severity,
    cast(null as varchar) as item_id,
    cast(null as varchar) as location_id,
    {{ amount('objective - objective_bound', '1') }} as value_at_risk,
    cast(null as decimal(18, 3)) as quantity_units,
    'solver_status_gap_open' as reason_code,
    'The network plan is proven to ' || {{ shown('100 * relative_gap') }}
    || ' % of the best possible only, which is more than the setting allows.' as detail,
    'Use the plan; raise network.max_relative_gap if this is good enough.' as suggested_action
from network_runs
where solver_status = 'GAP_OPEN'
