"""What the network model writes: moves, orders, positions, and why each is what it is.

The other stages' tables stand in `optimization.contracts.outputs`.
"""

from __future__ import annotations

from optimization.contracts.table import Table

_JUDGED = ("reason_code", "method", "status")

TRANSFER_ORDER = Table(
    "opt_out__transfer_order",
    "Moves between locations that pay, with what they win, what they cost and what capacity they take.",
    key=("transfer_order_id",),
    required=(
        "transfer_order_id",
        "item_id",
        "from_location_id",
        "to_location_id",
        "transfer_units",
        "release_date",
        "need_date",
        "transfer_cost",
        "destination_value",
        "policy_value",
        "source_value",
        "net_gain",
        "scarcity_charge",
        *_JUDGED,
    ),
    optional=("binding_row",),
)

TRANSFER_UNIT = Table(
    "opt_out__transfer_unit",
    "Which physical units a transfer takes, where units are counted one by one: the oldest suitable first.",
    key=("unit_id",),
    required=(
        "unit_id",
        "transfer_order_id",
        "item_id",
        "from_location_id",
        "to_location_id",
        *_JUDGED,
    ),
    optional=("age_days",),
)

REPLENISHMENT_ORDER = Table(
    "opt_out__replenishment_order",
    "Orders on suppliers, in lots, with the reason; at most one per item-location and business date.",
    key=("item_id", "location_id", "as_of"),
    required=(
        "replenishment_order_id",
        "as_of",
        "item_id",
        "location_id",
        "supplier_id",
        "replenish_units",
        "lot_count",
        "need_date",
        "release_date",
        "unit_cost",
        "policy_version",
        "expected_service_with",
        "expected_service_without",
        "order_gain",
        "policy_value",
        "scarcity_charge",
        *_JUDGED,
    ),
    optional=("binding_row",),
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
        *_JUDGED,
    ),
)

EXPLANATION = Table(
    "opt_out__explanation",
    "Per transfer, order, deviation from the policy's level, and need left open though another location "
    "had stock to give: what it is worth, what it costs, and what stood in the way.",
    key=("explanation_id",),
    required=(
        "explanation_id",
        "decision_kind",
        "decision_rank",
        "item_id",
        "location_id",
        "decision_units",
        "destination_value",
        "policy_value",
        "source_value",
        "transfer_cost",
        "scarcity_charge",
        "net_gain",
        "detail",
        *_JUDGED,
    ),
    optional=("from_location_id", "decision_id", "binding_row"),
)

NETWORK_ROW = Table(
    "opt_out__network_row",
    "Capacities that items share: how much the plan uses of each, what more of it would be worth, and "
    "where it gave way.",
    key=("row_family", "row_key"),
    required=(
        "row_family",
        "row_key",
        "row_capacity",
        "row_use_before",
        "row_use_after",
        "row_price",
        "row_slack",
        "row_slack_price",
        "is_binding",
        *_JUDGED,
    ),
)

NETWORK_BASELINE = Table(
    "opt_out__network_baseline",
    "Cost and expected service of the plan, and of what simpler rules would have done with the same data.",
    key=("plan_method", "breakdown", "breakdown_value"),
    required=(
        "plan_method",
        "breakdown",
        "breakdown_value",
        "series_count",
        "plan_cost",
        "stock_cost",
        "lead_time_shortage_cost",
        "lane_cost",
        "penalty_cost",
        "objective",
        "objective_above_plan",
        "planned_move_units",
        "planned_order_units",
        "expected_fill_rate",
        "is_feasible",
        *_JUDGED,
    ),
)

SOLVER_RUN_COLUMNS = (
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
    required=(*SOLVER_RUN_COLUMNS, "engine", "input_hash", "solution_hash", "random_seed"),
    optional=("slack_reason", "detail"),
)

NETWORK_OUTPUTS: tuple[Table, ...] = (
    TRANSFER_ORDER,
    TRANSFER_UNIT,
    REPLENISHMENT_ORDER,
    POSITION_PLAN,
    EXPLANATION,
    NETWORK_ROW,
    NETWORK_BASELINE,
    NETWORK_SOLVER_RUN,
)
