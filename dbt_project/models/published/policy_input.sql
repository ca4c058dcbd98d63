with

inputs as (

    select * from {{ ref('stg_science__policy_input') }}

),

proofs as (

    select * from {{ ref('stg_science__policy_proof') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    inputs.item_id,
    inputs.location_id,
    inputs.mean_units,
    inputs.variance_units2,
    inputs.steady_variance_units2,
    inputs.protection_days,
    inputs.lead_time_days,
    inputs.lead_time_sd_days,
    inputs.lead_time_sample_count,
    inputs.unit_cost,
    inputs.holding_rate,
    inputs.order_cost,
    inputs.shortage_cost,
    inputs.review_days,
    inputs.display_min_units,
    inputs.service_target,
    inputs.service_metric,
    inputs.planned_service,
    inputs.stockout_behaviour,
    inputs.moq_units,
    inputs.lot_units,
    inputs.line_moq_units,
    inputs.line_lot_units,
    inputs.is_integer,
    inputs.is_end_of_life,
    inputs.is_last_order,
    inputs.demand_decay,
    inputs.max_cover_days,
    inputs.final_buy_years,
    inputs.final_buy_salvage_share,
    inputs.model_scope,
    inputs.forecast_method,
    inputs.forecast_status,
    inputs.season_factor,
    inputs.event_factor,
    inputs.sensed_factor,
    inputs.demand_factor,
    inputs.is_plan_used,
    inputs.service_class,
    inputs.class_service_target,
    inputs.proposed_reorder_point_units,
    inputs.proposed_order_up_to_units,
    inputs.calculated_safety_stock_units,
    inputs.reorder_point_units,
    inputs.order_up_to_units,
    inputs.level_basis,
    inputs.change_state,
    inputs.is_recomputable,
    proofs.is_recomputed_equal,
    inputs.inputs_hash,
    inputs.method,
    inputs.status,
    inputs.shelf_life_days,
    inputs.price_scale,
    inputs.logit_shift,
    inputs.budget_service,
    inputs.forecast_reason,
    inputs.model_learnt_date,
    inputs.error_run_date,
    inputs.plan_version,
    inputs.is_plan_approved,
    inputs.lead_time_reason,
    inputs.expected_late_share,
    inputs.perfect_supplier_safety_stock_units,
    inputs.reason_code
from inputs
cross join run_context
left join proofs on inputs.item_id = proofs.item_id and inputs.location_id = proofs.location_id
