"""Columns of the reasons behind a policy: what went into it, what moved it, what an override was worth.

Columns that other rooms carry as well stand in `optimization.contracts.columns`.
"""

from __future__ import annotations

from optimization.contracts.column import Column

# What can move a policy number, in the order in which equal parts are ranked.
DRIVERS = (
    "demand",
    "variability",
    "lead_time",
    "target",
    "cost",
    "lot",
    "constraint",
    "fallback",
    "override",
    "held_back",
    "settings",
)
# Why the effective levels are what they are: calculated today, held back from it, pinned by a person,
# or kept because the terms of the row cannot be trusted.
LEVEL_BASES = ("calculation", "held_back", "override", "kept")

REASON_COLUMNS: tuple[Column, ...] = (
    # --- what a policy was calculated from
    Column(
        "steady_variance_units2",
        "number",
        "Variance of demand over the interval if every order took the mean lead time",
        unit="units2",
        ge=0,
    ),
    Column("line_moq_units", "number", "Minimum that binds an order line by itself", unit="units", ge=0),
    Column("line_lot_units", "number", "Whole lots and cases of an order line", unit="units", gt=0),
    Column("price_scale", "text", "Scheme and breaks of the supplier's prices, as quantity@price"),
    Column("budget_service", "number", "Cycle service that the cash budget leaves", unit="share", gt=0, le=1),
    Column("is_end_of_life", "flag", "Whether the item is no longer replenished here"),
    Column("is_last_order", "flag", "Whether the next review comes after the last order date"),
    Column("demand_decay", "number", "Yearly fall of demand assumed for a last order", unit="1/year", ge=0),
    Column("max_cover_days", "number", "Longest cover of an order quantity", unit="days", gt=0),
    Column("final_buy_years", "number", "Years that a last order covers", unit="years", ge=0),
    Column(
        "final_buy_salvage_share", "number", "Worth of what a last order leaves", unit="share", ge=0, le=1
    ),
    Column("forecast_status", "text", "How far the forecast can be trusted"),
    Column("forecast_reason", "text", "What the forecast has to excuse, from the list of reasons"),
    Column("model_learnt_date", "date", "When the model of the item's demand class was learnt"),
    Column("error_run_date", "date", "When forecast errors of the demand class were measured last"),
    Column("is_plan_approved", "flag", "Whether that plan version is approved"),
    Column("is_plan_used", "flag", "Whether a plan overrides the forecast in the interval"),
    Column("season_factor", "number", "Season and end of life over the flat level", unit="factor", ge=0),
    Column("event_factor", "number", "Promotions, events and drivers over the base", unit="factor", ge=0),
    Column("demand_factor", "number", "Expected demand over the flat level", unit="factor", ge=0),
    Column("lead_time_sample_count", "integer", "Receipts behind the lead time", ge=0),
    Column("lead_time_reason", "text", "What the lead time has to excuse, from the list of reasons"),
    Column("calculated_safety_stock_units", "number", "Of today's calculation", unit="units"),
    Column(
        "perfect_supplier_safety_stock_units",
        "number",
        "The same if every order took the mean lead time",
        unit="units",
    ),
    Column("service_class", "text", "Class of items that share a service target"),
    Column("class_service_target", "number", "Target of the class", unit="share", gt=0, le=1),
    Column("level_basis", "text", "Why the effective levels are what they are", isin=LEVEL_BASES),
    Column("is_recomputable", "flag", "Whether today's levels follow from this row alone"),
    # --- what moved it
    Column("policy_number", "text", "Which number of the policy", isin=("reorder_point", "order_up_to")),
    Column("driver_units", "number", "Part of the change that the driver explains", unit="units"),
    Column("old_units", "number", "Effective before", unit="units", ge=0),
    Column("new_units", "number", "Effective now", unit="units", ge=0),
    Column("driver_rank", "integer", "1 explains most of the change", ge=1),
    Column("main_driver", "text", "The driver of rank 1", isin=DRIVERS),
    Column("is_pending", "flag", "Whether the change still waits for approval"),
    # --- what an override was worth
    Column("window_from_date", "date", "First day that is replayed"),
    Column("window_to_date", "date", "Last day that is replayed"),
    Column("replayed_days", "integer", "Days that are replayed", unit="days", ge=0),
    Column("opening_units", "number", "Stock position at the start of both replays", unit="units", ge=0),
    Column("calculated_reorder_point_units", "number", "What was calculated then", unit="units", ge=0),
    Column("calculated_order_up_to_units", "number", "What was calculated then", unit="units", ge=0),
    Column("cost_with", "number", "Holding, shortage and ordering with the override", unit="money", ge=0),
    Column("cost_without", "number", "The same with the calculated levels", unit="money", ge=0),
    Column("value_added", "number", "Cost without less cost with the override", unit="money"),
    Column("fill_with", "number", "Share filled at once with the override", unit="share", ge=0, le=1),
    Column("fill_without", "number", "The same with the calculated levels", unit="share", ge=0, le=1),
)
