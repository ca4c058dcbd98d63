"""What the science writes: the `opt_out__` tables that the published models read."""

from __future__ import annotations

from optimization.contracts.table import Table

DEMAND_CLASS = Table(
    "opt_out__demand_class",
    "Pattern of demand per item-location.",
    key=("item_id", "location_id"),
    required=("item_id", "location_id", "demand_class", "history_weeks", "method", "status"),
    optional=("adi_weeks", "cv2", "reason_code"),
)

FORECAST = Table(
    "opt_out__forecast",
    "Expected weekly demand per item-location and horizon, with quantiles.",
    key=("item_id", "location_id", "horizon_weeks"),
    required=(
        "item_id",
        "location_id",
        "horizon_weeks",
        "bucket_start_date",
        "base_units",
        "uplift_units",
        "sensed_factor",
        "statistical_units",
        "mean_units",
        "q50_units",
        "q80_units",
        "q90_units",
        "q95_units",
        "method",
        "status",
    ),
    optional=("plan_units", "reason_code"),
)

DEMAND_MODEL = Table(
    "opt_out__demand_model",
    "What was learnt about demand from the whole history: the pooled model's parameters.",
    key=("model_scope", "parameter"),
    required=("model_scope", "parameter", "parameter_value", "fitted_date", "method", "status"),
    optional=("reason_code",),
)

LEAD_TIME = Table(
    "opt_out__lead_time",
    "Lead-time distribution per supplier and location, shrunk to supplier and network.",
    key=("supplier_id", "location_id"),
    required=(
        "supplier_id",
        "location_id",
        "sample_count",
        "lead_time_days",
        "lead_time_sd_days",
        "lead_time_p50_days",
        "lead_time_p80_days",
        "lead_time_p90_days",
        "method",
        "status",
    ),
    optional=("reason_code",),
)

PROTECTION_DEMAND = Table(
    "opt_out__protection_demand",
    "The shared object: demand over lead time plus review time, per item-location.",
    key=("item_id", "location_id"),
    required=(
        "item_id",
        "location_id",
        "lead_time_days",
        "lead_time_sd_days",
        "protection_days",
        "distribution",
        "mean_units",
        "variance_units2",
        "q50_units",
        "q80_units",
        "q90_units",
        "q95_units",
        "q99_units",
        "method",
        "status",
    ),
    optional=("reason_code",),
)

POLICY = Table(
    "opt_out__policy",
    "The effective stock policy per item-location, and today's calculation beside it.",
    key=("item_id", "location_id"),
    required=(
        "item_id",
        "location_id",
        "service_target",
        "service_metric",
        "lead_time_days",
        "review_days",
        "moq_units",
        "lot_units",
        "safety_stock_units",
        "reorder_point_units",
        "order_up_to_units",
        "order_quantity_units",
        "eoq_units",
        "proposed_reorder_point_units",
        "proposed_order_up_to_units",
        "expected_fill_rate",
        "expected_cycle_service",
        "expected_cost_per_year",
        "change_state",
        "change_value",
        "reason_code",
        "method",
        "status",
    ),
    optional=("previous_reorder_point_units", "previous_order_up_to_units"),
)

TRANSFER_ORDER = Table(
    "opt_out__transfer_order",
    "Moves between locations that pay, with what they win and what they cost.",
    key=("transfer_order_id",),
    required=(
        "transfer_order_id",
        "item_id",
        "from_location_id",
        "to_location_id",
        "transfer_units",
        "need_date",
        "transfer_cost",
        "destination_value",
        "source_value",
        "net_gain",
        "reason_code",
        "method",
        "status",
    ),
)

REPLENISHMENT_ORDER = Table(
    "opt_out__replenishment_order",
    "Orders on suppliers, in lots, with the reason.",
    key=("replenishment_order_id",),
    required=(
        "replenishment_order_id",
        "item_id",
        "location_id",
        "supplier_id",
        "replenish_units",
        "need_date",
        "release_date",
        "unit_cost",
        "reason_code",
        "method",
        "status",
    ),
)

POSITION_PLAN = Table(
    "opt_out__position_plan",
    "Position of every item-location before and after the plan, and why it is not the policy's.",
    key=("item_id", "location_id"),
    required=(
        "item_id",
        "location_id",
        "position_before_units",
        "position_after_units",
        "policy_level_units",
        "expected_cost_before",
        "expected_cost_after",
        "reason_code",
        "method",
        "status",
    ),
)

ALLOCATION = Table(
    "opt_out__allocation",
    "Units of every item-location pool given to each segment; segment POOL is the rest.",
    key=("item_id", "location_id", "segment_id"),
    required=(
        "item_id",
        "location_id",
        "segment_id",
        "demand_units",
        "guaranteed_units",
        "allocated_units",
        "unmet_units",
        "reason_code",
        "method",
        "status",
    ),
)

_SOLVER_RUN_COLUMNS = (
    "optimisation_model",
    "batch_id",
    "solver_status",
    "objective",
    "objective_bound",
    "relative_gap",
    "row_count",
    "column_count",
    "slack_units",
    "max_violation",
    "is_audit_passed",
    "solver_version",
)

NETWORK_SOLVER_RUN = Table(
    "opt_out__network_solver_run",
    "Status, bound, gap and audit of every solve of the network model.",
    key=("optimisation_model", "batch_id"),
    required=_SOLVER_RUN_COLUMNS,
)

ALLOCATION_SOLVER_RUN = Table(
    "opt_out__allocation_solver_run",
    "Status, bound, gap and audit of every solve of the allocation model.",
    key=("optimisation_model", "batch_id"),
    required=_SOLVER_RUN_COLUMNS,
)

OUTPUTS: tuple[Table, ...] = (
    DEMAND_CLASS,
    DEMAND_MODEL,
    FORECAST,
    LEAD_TIME,
    PROTECTION_DEMAND,
    POLICY,
    TRANSFER_ORDER,
    REPLENISHMENT_ORDER,
    POSITION_PLAN,
    ALLOCATION,
    NETWORK_SOLVER_RUN,
    ALLOCATION_SOLVER_RUN,
)
