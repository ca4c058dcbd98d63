"""Border tables of the reasons behind a policy: its inputs, the drivers of its changes, its overrides."""

from __future__ import annotations

from optimization.contracts.column import Column
from optimization.contracts.reason_columns import DRIVERS
from optimization.contracts.table import Table

_PAIR = ("item_id", "location_id")
_DRIVER = Column("driver", "text", "What moved the number", isin=DRIVERS)

POLICY_INPUT = Table(
    "opt_out__policy_input",
    "Every number that today's policy was calculated from, and the result: both levels follow from the "
    "row alone where is_recomputable.",
    key=_PAIR,
    required=(
        *_PAIR,
        "mean_units",
        "variance_units2",
        "steady_variance_units2",
        "protection_days",
        "lead_time_days",
        "lead_time_sd_days",
        "lead_time_sample_count",
        "unit_cost",
        "holding_rate",
        "order_cost",
        "shortage_cost",
        "review_days",
        "display_min_units",
        "service_target",
        "service_metric",
        "planned_service",
        "stockout_behaviour",
        "moq_units",
        "lot_units",
        "line_moq_units",
        "line_lot_units",
        "is_integer",
        "is_end_of_life",
        "is_last_order",
        "demand_decay",
        "max_cover_days",
        "final_buy_years",
        "final_buy_salvage_share",
        "model_scope",
        "forecast_method",
        "forecast_status",
        "season_factor",
        "event_factor",
        "sensed_factor",
        "demand_factor",
        "is_plan_used",
        "service_class",
        "class_service_target",
        "proposed_reorder_point_units",
        "proposed_order_up_to_units",
        "calculated_safety_stock_units",
        "reorder_point_units",
        "order_up_to_units",
        "level_basis",
        "change_state",
        "is_recomputable",
        "inputs_hash",
        "method",
        "status",
    ),
    optional=(
        "shelf_life_days",
        "price_scale",
        "logit_shift",
        "budget_service",
        "forecast_reason",
        "model_learnt_date",
        "error_run_date",
        "plan_version",
        "is_plan_approved",
        "lead_time_reason",
        "expected_late_share",
        "perfect_supplier_safety_stock_units",
        "reason_code",
    ),
)

POLICY_REASON = Table(
    "opt_out__policy_reason",
    "What moved a changed policy number since the last release: one row per driver, parts add up to the "
    "change.",
    key=(*_PAIR, "policy_number", "driver"),
    required=(
        *_PAIR,
        "policy_number",
        "driver",
        "driver_units",
        "old_units",
        "new_units",
        "driver_rank",
        "main_driver",
        "is_pending",
        "reason_code",
        "method",
        "status",
    ),
    redefined=(_DRIVER,),
)

OVERRIDE_OUTCOME = Table(
    "opt_out__override_outcome",
    "What an override was worth: the demand that came, played with its levels and with those that the "
    "calculation wanted when it began.",
    key=("override_id",),
    required=(
        "override_id",
        *_PAIR,
        "override_state",
        "window_from_date",
        "window_to_date",
        "replayed_days",
        "reorder_point_units",
        "order_up_to_units",
        "method",
        "status",
    ),
    optional=(
        "calculated_reorder_point_units",
        "calculated_order_up_to_units",
        "lead_time_days",
        "opening_units",
        "demand_units",
        "cost_with",
        "cost_without",
        "value_added",
        "fill_with",
        "fill_without",
        "reason_code",
    ),
)

REASON_OUTPUTS: tuple[Table, ...] = (POLICY_INPUT, POLICY_REASON, OVERRIDE_OUTCOME)
