"""Which sheets the workbook has, in which order, and which rows and columns of which table each shows.

A new sheet is a line here. Columns that a release lacks are left out, a table that it lacks leaves its
sheet out; `read_me` says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

Order = tuple[tuple[str, Literal["ascending", "descending"]], ...]
Rows = Callable[[pa.Table], pa.Table]
_PAIR = ("item_id", "location_id")
# A column to sort by that no sheet shows.
NETWORK_FIRST = "~network first"
_PARTS = ("item_id", "item_description")
# Nothing moved, nothing that matters did, or there was nothing before.
_UNMOVED = ("none", "within_dead_band", "bootstrap")


@dataclass(frozen=True)
class Sheet:
    """One sheet: the rows `only` keeps of `table`, by `order`.

    `columns` come first in this order; empty means all. `needs` are columns without which the sheet is
    left out. A table longer than the limit keeps its rows with most `value`, as an amount. `frozen`
    columns stay at the left. `unit_from` is a column that holds the unit of the others row by row.
    `most_rows` is a limit of its own, below that of the settings.
    """

    name: str
    title: str
    tells: str
    table: str
    columns: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    only: Rows | None = None
    order: Order = ()
    value: str = ""
    frozen: int = 1
    unit_from: str = ""
    most_rows: int | None = None


def _where(column: str, *values: str) -> Rows:
    return lambda rows: rows.filter(pc.is_in(rows[column], pa.array(values)))


def _where_not(column: str, *values: str) -> Rows:
    return lambda rows: rows.filter(pc.invert(pc.is_in(rows[column], pa.array(values))))


def _above_zero(column: str) -> Rows:
    return lambda rows: rows.filter(pc.greater(rows[column], 0))


def _open_exceptions(rows: pa.Table) -> pa.Table:
    """What is to be looked at, then what is to be watched; all of it where nothing was sorted yet."""
    if "attention" not in rows.column_names:
        return rows
    return rows.filter(pc.invert(pc.equal(rows["attention"], "handled")))


def _changed(rows: pa.Table) -> pa.Table:
    """Item-locations whose levels move, or would if somebody approved."""
    return rows.filter(pc.invert(pc.is_in(rows["change_state"], pa.array(_UNMOVED))))


def _late_promise(rows: pa.Table) -> pa.Table:
    """Promises later than asked for, and orders that could be promised nothing."""
    late = pc.greater(rows["promise_p90_date"], rows["requested_date"])
    return rows.filter(pc.or_(pc.fill_null(late, False), pc.is_null(rows["promise_p90_date"])))


_EXCEPTION = (
    "attention",
    "exception_rank",
    "exception_type",
    "severity",
    *_PAIR,
    "value_at_risk",
    "quantity_units",
    "detail",
    "suggested_action",
    "owner_role",
    "exception_status",
    "first_seen_date",
    "days_open",
    "attention_rule",
    "reason_code",
    "exception_id",
)
_CHANGE = (
    "change_id",
    "change_state",
    *_PAIR,
    "old_reorder_point_units",
    "new_reorder_point_units",
    "old_order_up_to_units",
    "new_order_up_to_units",
    "change_value",
    "main_driver",
    "drivers",
    "reason_code",
    "reason",
    "change_kind",
    "author",
    "approval_rule",
    "approval_rule_text",
    "approver",
    "decided_at",
    "comment",
    "owner",
    "proposed_date",
    "days_pending",
    "expires_date",
    "reorder_point_units",
    "order_up_to_units",
    "method",
    "status",
)
_WEEK = (
    "section",
    "section_rank",
    "sentence",
    "subject",
    *_PAIR,
    "figure",
    "figure_before",
    "figure_unit",
)

SHEETS: tuple[Sheet, ...] = (
    Sheet(
        "exceptions",
        "Exceptions",
        "What to look at, then what to watch, most value at risk first.",
        "exception",
        _EXCEPTION,
        only=_open_exceptions,
        order=(("attention", "ascending"), ("exception_rank", "ascending")),
        value="value_at_risk",
        frozen=3,
    ),
    Sheet(
        "exceptions_handled",
        "Exceptions that today's plan cures",
        "No look needed: an order, a transfer or a decision already covers them.",
        "exception",
        _EXCEPTION,
        needs=("attention",),
        only=_where("attention", "handled"),
        order=(("exception_rank", "ascending"),),
        value="value_at_risk",
        frozen=3,
    ),
    Sheet(
        "exceptions_resolved",
        "Exceptions that are gone",
        "What the release before showed and this one no longer does.",
        "exception_resolved",
        value="value_at_risk",
    ),
    Sheet(
        "policy",
        "Policy in force",
        "Reorder point and order-up-to level that today's plan used, with their reason.",
        "policy",
        (
            *_PAIR,
            "item_kind",
            "category",
            "region",
            "supplier_id",
            "reorder_point_units",
            "order_up_to_units",
            "safety_stock_units",
            "previous_reorder_point_units",
            "previous_order_up_to_units",
            "change_value",
            "change_state",
            "service_metric",
            "service_target",
            "planned_service",
            "lead_time_days",
            "protection_demand_units",
            "days_of_supply",
            "expected_cost_per_year",
            "abc_class",
            "xyz_class",
            "reason_code",
            "method",
            "status",
        ),
        order=(("item_id", "ascending"), ("location_id", "ascending")),
        value="expected_cost_per_year",
        frozen=2,
    ),
    Sheet(
        "policy_changes",
        "Policy changes",
        "Old and new levels, who or what decided, and what drove the change.",
        "policy_change",
        _CHANGE,
        only=_changed,
        order=(("change_value", "descending"), ("item_id", "ascending"), ("location_id", "ascending")),
        value="change_value",
    ),
    Sheet(
        "change_drivers",
        "Drivers of the changes",
        "How much of each change comes from which driver; the parts add up to the change.",
        "policy_reason",
        (
            *_PAIR,
            "policy_number",
            "driver_rank",
            "driver",
            "driver_units",
            "old_units",
            "new_units",
            "is_pending",
        ),
        order=(
            ("item_id", "ascending"),
            ("location_id", "ascending"),
            ("policy_number", "ascending"),
            ("driver_rank", "ascending"),
        ),
        value="driver_units",
        frozen=2,
    ),
    Sheet(
        "orders",
        "Orders to place",
        "Replenishment that today's plan proposes, most value first.",
        "replenishment_order",
        (
            "replenishment_order_id",
            *_PARTS,
            "location_id",
            "supplier_id",
            "supplier_name",
            "replenish_units",
            "order_value",
            "release_date",
            "need_date",
            "unit_cost",
            "expected_service_with",
            "expected_service_without",
            "order_gain",
            "reason_code",
            "binding_row",
        ),
        order=(("order_value", "descending"), ("replenishment_order_id", "ascending")),
        value="order_value",
    ),
    Sheet(
        "transfers",
        "Transfers",
        "Stock to move between locations, most gain first.",
        "transfer_order",
        (
            "transfer_order_id",
            *_PARTS,
            "from_location_id",
            "to_location_id",
            "transfer_units",
            "release_date",
            "need_date",
            "transfer_cost",
            "destination_value",
            "source_value",
            "net_gain",
            "reason_code",
            "binding_row",
        ),
        order=(("net_gain", "descending"), ("transfer_order_id", "ascending")),
        value="net_gain",
    ),
    Sheet(
        "allocation",
        "Allocation where stock is short",
        "Segments that want more than they have; every pool is in the table allocation.",
        "allocation",
        (
            *_PAIR,
            "segment_id",
            "segment_name",
            "priority_tier",
            "demand_units",
            "guaranteed_units",
            "allocated_units",
            "unmet_units",
            "borrowed_units",
            "reason_code",
        ),
        only=_above_zero("unmet_units"),
        order=(
            ("unmet_units", "descending"),
            ("item_id", "ascending"),
            ("location_id", "ascending"),
            ("segment_id", "ascending"),
        ),
        value="unmet_units",
        frozen=3,
        most_rows=5_000,
    ),
    Sheet(
        "promises_at_risk",
        "Promises at risk",
        "Open order lines promised later than asked for, or not at all.",
        "delivery_promise",
        (
            "order_id",
            "line_id",
            "customer_id",
            *_PARTS,
            "location_id",
            "segment_name",
            "open_units",
            "open_value",
            "requested_date",
            "promise_p50_date",
            "promise_p90_date",
            "first_promise_date",
            "promise_basis",
            "reason_code",
        ),
        only=_late_promise,
        order=(("open_value", "descending"), ("order_id", "ascending"), ("line_id", "ascending")),
        value="open_value",
        frozen=2,
    ),
    Sheet(
        "late_orders",
        "Made-to-order: late or at risk",
        "Orders built for a customer that run late or may, most at stake first.",
        "mto_order_status",
        (
            "order_id",
            "delay_status",
            "delay_days",
            "delay_cause",
            "customer_id",
            "model",
            "location_id",
            "quoted_price",
            "at_risk_probability",
            "cancel_probability",
            "milestone_code",
            "reached_at",
            "first_promise_date",
            "current_promise_date",
            "predicted_p50_date",
            "predicted_p90_date",
            "is_stuck",
            "is_silent",
            "is_blocked",
            "reason_code",
        ),
        only=_where("delay_status", "late", "at_risk"),
        order=(("delay_status", "descending"), ("quoted_price", "descending"), ("order_id", "ascending")),
        value="quoted_price",
    ),
    Sheet(
        "kpi",
        "KPIs",
        "The network and each region, category and segment; locations are in the table kpi.",
        "kpi",
        (
            "kpi",
            "scope_type",
            "scope_id",
            "period",
            "window_days",
            "period_end_date",
            "value",
            "unit",
            "numerator",
            "denominator",
            "n",
            "basis",
            "null_reason",
        ),
        only=_where_not("scope_type", "location"),
        order=(
            (NETWORK_FIRST, "ascending"),
            ("kpi", "ascending"),
            ("scope_type", "ascending"),
            ("scope_id", "ascending"),
            ("period", "descending"),
            ("window_days", "ascending"),
            ("period_end_date", "ascending"),
        ),
        frozen=3,
        unit_from="unit",
    ),
    Sheet(
        "plan_vs_actual",
        "Plan against actual",
        "What earlier releases planned and what came.",
        "plan_vs_actual",
        value="deviation",
        unit_from="unit",
    ),
    Sheet(
        "scorecard",
        "Scorecard",
        "The fifteen checks, each with its evidence.",
        "scorecard_check",
        order=(("check_number", "ascending"),),
        unit_from="unit",
    ),
    Sheet(
        "scorecard_areas",
        "Scorecard by area",
        "Share of checks passed per area; * is the whole company.",
        "scorecard_area",
        order=(("area", "ascending"),),
    ),
    Sheet(
        "scorecard_trend",
        "Trends behind the scorecard",
        "The points and slopes that checks 13 to 15 judge.",
        "scorecard_trend",
        order=(("check_number", "ascending"), ("series", "ascending"), ("point_date", "ascending")),
        frozen=2,
    ),
    Sheet(
        "actions",
        "Recommended actions",
        "What cures most failing checks first.",
        "recommended_action",
        order=(("action_rank", "ascending"),),
    ),
    Sheet(
        "risk_register",
        "Risk register",
        "One computed row per risk, or why it cannot be computed.",
        "risk_register",
        value="value_at_risk",
        frozen=2,
        unit_from="unit",
    ),
    Sheet(
        "weekly_review",
        "Weekly review",
        "The week in sentences: what came, what went, what changed.",
        "weekly_review",
        _WEEK,
        order=(("section", "ascending"), ("section_rank", "ascending")),
        frozen=3,
        unit_from="figure_unit",
    ),
    Sheet(
        "overrides", "Overrides", "Levels that people pinned, by whom, why and until when.", "policy_override"
    ),
    Sheet(
        "override_outcomes",
        "What overrides were worth",
        "Cost and service with and without each override.",
        "override_outcome",
        value="value_added",
    ),
    Sheet(
        "approvals",
        "Approvals",
        "Every decision of the ledger with its effect, or why it was refused.",
        "approval",
        order=(("ledger_seq", "descending"),),
        frozen=3,
    ),
    Sheet(
        "review_calendar",
        "Review calendar",
        "Reviews of the policy: when they were due, when and by whom they were completed.",
        "review_calendar",
        order=(("cycle_start_date", "descending"),),
    ),
    Sheet(
        "demand_plans",
        "Demand plans and their approval",
        "Which plan of demand is approved, by whom and since when.",
        "demand_plan_approval",
        order=(("first_bucket_date", "descending"), ("plan_version", "ascending")),
    ),
    Sheet(
        "frontier",
        "Service against cash",
        "What each level of service costs, and the next point of it; the network first.",
        "scenario_frontier",
        (
            "scope_type",
            "scope_id",
            "scenario_kind",
            "service_factor",
            "fill_rate",
            "fill_rate_low",
            "fill_rate_high",
            "average_stock_value",
            "peak_cash",
            "cost_per_year",
            "lost_margin_per_year",
            "aged_value_share",
            "is_efficient",
            "marginal_price_of_service_point",
            "budget_multiplier",
            "holding_cost_per_year",
            "order_cost_per_year",
            "shortage_cost_per_year",
            "orders_per_year",
            "series_count",
            "population_count",
            "null_reason",
            "scenario_id",
        ),
        order=(
            (NETWORK_FIRST, "ascending"),
            ("scope_type", "ascending"),
            ("scope_id", "ascending"),
            ("average_stock_value", "ascending"),
            ("scenario_id", "ascending"),
        ),
        frozen=3,
    ),
    Sheet(
        "annual_plan",
        "Annual plan",
        "The monthly plan over demand scenarios; the network first, then regions and groups.",
        "annual_plan",
        order=(
            (NETWORK_FIRST, "ascending"),
            ("plan_level", "descending"),
            ("region", "ascending"),
            ("category", "ascending"),
            ("demand_scenario", "ascending"),
            ("month_start_date", "ascending"),
        ),
        value="closing_stock_value",
        frozen=2,
    ),
    Sheet(
        "annual_plan_prices",
        "What one more unit of a resource is worth",
        "Space, cash and capacity by month: limit, use and shadow price, or why there is none.",
        "annual_plan_price",
        order=(
            ("is_binding", "descending"),
            ("resource", "ascending"),
            ("resource_scope", "ascending"),
            ("month_start_date", "ascending"),
        ),
        frozen=3,
    ),
)
