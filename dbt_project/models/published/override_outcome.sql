with

outcomes as (

    select * from {{ ref('stg_science__override_outcome') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    outcomes.override_id,
    outcomes.item_id,
    outcomes.location_id,
    outcomes.override_state,
    outcomes.window_from_date,
    outcomes.window_to_date,
    outcomes.replayed_days,
    outcomes.reorder_point_units,
    outcomes.order_up_to_units,
    outcomes.method,
    outcomes.status,
    outcomes.calculated_reorder_point_units,
    outcomes.calculated_order_up_to_units,
    outcomes.lead_time_days,
    outcomes.opening_units,
    outcomes.demand_units,
    outcomes.cost_with,
    outcomes.cost_without,
    outcomes.value_added,
    outcomes.fill_with,
    outcomes.fill_without,
    outcomes.reason_code
from outcomes
cross join run_context
