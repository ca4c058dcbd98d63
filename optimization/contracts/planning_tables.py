"""The border tables of scenarios and of the annual plan."""

from __future__ import annotations

from optimization.contracts.network_outputs import SOLVER_RUN_COLUMNS
from optimization.contracts.table import Table

SCENARIO_FRONTIER = Table(
    "opt_out__scenario_frontier",
    "What service costs on the day's baseline: one row per point and scope, all points played on the "
    "same random paths.",
    key=("scenario_id", "scope_type", "scope_id"),
    required=(
        "scenario_id",
        "scenario_kind",
        "scope_type",
        "scope_id",
        "average_stock_value",
        "peak_cash",
        "orders_per_year",
        "holding_cost_per_year",
        "order_cost_per_year",
        "shortage_cost_per_year",
        "cost_per_year",
        "is_efficient",
        "series_count",
        "population_count",
        "path_count",
        "played_weeks",
        "random_seed",
        "method",
        "status",
    ),
    optional=(
        "service_factor",
        "budget_multiplier",
        "fill_rate",
        "fill_rate_low",
        "fill_rate_high",
        "lost_margin_per_year",
        "aged_value_share",
        "marginal_price_of_service_point",
        "null_reason",
    ),
)

_PLANNED = (
    "demand_scenario",
    "month_start_date",
    "plan_level",
    "region",
    "category",
)
ANNUAL_PLAN = Table(
    "opt_out__annual_plan",
    "Twelve months ahead by category and region (* is all of them): what to buy, what is in stock, "
    "what is lost, at three levels of demand and for the decision that is made before it is known.",
    key=_PLANNED,
    required=(
        *_PLANNED,
        "demand_units",
        "buy_units",
        "closing_stock_units",
        "closing_stock_value",
        "lost_units",
        "safety_gap_units",
        "overtime_units",
        "margin_value",
        "holding_cost",
        "lost_sales_cost",
        "overtime_cost",
        "method",
        "status",
    ),
    optional=("buy_share", "capacity_use", "space_use", "cash_use"),
)

ANNUAL_PLAN_PRICE = Table(
    "opt_out__annual_plan_price",
    "What one more unit of capacity, overtime, option, space or cash is worth, month by month.",
    key=("month_start_date", "resource", "resource_scope"),
    required=("month_start_date", "resource", "resource_scope", "is_binding", "method", "status"),
    optional=("resource_limit", "resource_use", "shadow_price", "null_reason"),
)

ANNUAL_SOLVER_RUN = Table(
    "opt_out__annual_solver_run",
    "Status, bound, gap and audit of the solve of the annual plan.",
    key=("optimisation_model", "batch_id"),
    required=SOLVER_RUN_COLUMNS,
    optional=("detail",),
)

PLANNING_OUTPUTS: tuple[Table, ...] = (SCENARIO_FRONTIER, ANNUAL_PLAN, ANNUAL_PLAN_PRICE, ANNUAL_SOLVER_RUN)
