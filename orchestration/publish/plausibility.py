"""What a plausible release looks like, per published table: the statement the expectations are made from.

Shapes at the borders, relations and rules are checked where they arise. Here stands what only the
whole release can show: that nothing vanished, that keys identify, that numbers lie where numbers
of their kind can lie, and which totals should not jump from one release to the next.
"""

from __future__ import annotations

from optimization.contracts.allocation_columns import AUDIT_KINDS
from optimization.contracts.reason_columns import DRIVERS
from orchestration.publish.plausibility_form import MOST, Plausibility, Usual, closed
from orchestration.publish.plausibility_orders import ORDERS_PLAUSIBILITY
from orchestration.publish.plausibility_scorecard import SCORECARD_PLAUSIBILITY

__all__ = ["MOST", "PLAUSIBILITY", "Plausibility", "Usual"]

PLAUSIBILITY: dict[str, Plausibility] = {
    "policy": Plausibility(
        key=("item_id", "location_id"),
        is_never_empty=True,
        from_zero=("reorder_point_units", "order_up_to_units", "lead_time_days", "expected_stock_units"),
        shares=("service_target", "expected_fill_rate", "expected_ready_rate", "expected_cycle_service"),
        lists=closed("service_metric", "change_state", "abc_class", "xyz_class", "status"),
        total="order_up_to_units",
    ),
    "policy_change": Plausibility(
        key=("change_id",),
        from_zero=("new_reorder_point_units", "new_order_up_to_units"),
        lists=closed("change_kind", "change_state", "approval_rule", "status"),
    ),
    "approval": Plausibility(
        key=("event_id",), lists=closed("subject_type", "actor_role"), kept=("is_effective", "refusal_reason")
    ),
    "policy_override": Plausibility(
        key=("override_id",),
        from_zero=("reorder_point_units", "order_up_to_units"),
        lists=closed("override_state", "approval_rule"),
        kept=("effective_from", "effective_to"),
    ),
    "review_calendar": Plausibility(
        key=("cycle_number",), is_never_empty=True, lists=closed("review_state"), kept=("cycle_start_date",)
    ),
    "demand_plan_approval": Plausibility(
        key=("plan_version",), lists=closed("plan_status", "decision_source")
    ),
    "policy_input": Plausibility(
        key=("item_id", "location_id"),
        is_never_empty=True,
        from_zero=("mean_units", "variance_units2", "lead_time_days", "unit_cost", "demand_factor"),
        shares=("service_target", "planned_service", "class_service_target", "expected_late_share"),
        lists=closed("level_basis", "change_state", "service_metric", "status"),
    ),
    "policy_reason": Plausibility(
        key=("item_id", "location_id", "policy_number", "driver"),
        from_zero=("old_units", "new_units", "driver_rank"),
        lists={"driver": DRIVERS, **closed("policy_number", "main_driver", "status")},
    ),
    "override_outcome": Plausibility(
        key=("override_id",),
        from_zero=("replayed_days", "cost_with", "cost_without"),
        shares=("fill_with", "fill_without"),
        lists=closed("override_state", "status"),
    ),
    "policy_schedule": Plausibility(
        key=("item_id", "location_id", "effective_from"),
        from_zero=("reorder_point_units", "order_up_to_units"),
        lists=closed("status"),
    ),
    "forecast": Plausibility(
        key=("item_id", "location_id", "horizon_weeks"),
        is_never_empty=True,
        from_zero=("mean_units", "q95_units"),
        lists=closed("status"),
        total="mean_units",
    ),
    "lead_time": Plausibility(
        key=("supplier_id", "location_id"),
        from_zero=("lead_time_days", "lead_time_p90_days"),
        lists=closed("status"),
    ),
    "lead_time_quantile": Plausibility(
        key=("supplier_id", "location_id", "quantile_level"),
        from_zero=("lead_time_days",),
        shares=("quantile_level",),
    ),
    "supplier_scorecard": Plausibility(
        key=("supplier_id", "location_id"),
        from_zero=("supply_line_count", "due_line_count"),
        shares=("late_share", "short_share", "rejected_share", "receipt_share", "p90_coverage"),
        lists=closed("status"),
    ),
    "supply_expectation": Plausibility(
        key=("supply_order_id", "line_id"),
        from_zero=("open_units", "overdue_days"),
        lists=closed("status"),
    ),
    "demand_model": Plausibility(key=("model_scope", "parameter"), is_never_empty=True),
    "service_control": Plausibility(
        key=("service_metric", "target_band", "model_scope"),
        from_zero=("series_count", "demand_units"),
        shares=("delivered_service", "controlled_service"),
        lists=closed("status"),
    ),
    "demand_effect": Plausibility(
        key=("category", "region", "effect_kind", "effect"),
        from_zero=("sample_count", "origin_count"),
        lists=closed("effect_kind", "status"),
    ),
    "seasonal_index": Plausibility(
        key=("category", "region", "week_of_year"),
        from_zero=("index_factor",),
        lists=closed("status"),
    ),
    "segment_forecast": Plausibility(
        key=("item_id", "location_id", "segment_id"),
        from_zero=("mean_units", "q95_units"),
        shares=("segment_share",),
        lists=closed("status"),
        total="mean_units",
    ),
    "scenario_frontier": Plausibility(
        key=("scenario_id", "scope_type", "scope_id"),
        is_never_empty=True,
        from_zero=("average_stock_value", "peak_cash", "cost_per_year", "orders_per_year"),
        shares=("fill_rate", "fill_rate_low", "fill_rate_high", "aged_value_share"),
        lists=closed("scenario_kind"),
    ),
    "annual_plan": Plausibility(
        key=("demand_scenario", "month_start_date", "plan_level", "region", "category"),
        is_never_empty=True,
        from_zero=("demand_units", "buy_units", "closing_stock_units", "lost_units", "overtime_units"),
        shares=("buy_share",),
        lists=closed("demand_scenario", "plan_level"),
    ),
    "annual_plan_price": Plausibility(
        key=("month_start_date", "resource", "resource_scope"),
        is_never_empty=True,
        from_zero=("shadow_price", "resource_limit", "resource_use"),
        lists=closed("resource"),
    ),
    "mix_target": Plausibility(
        key=("mix_level", "location_id", "item_id"),
        from_zero=("mean_units", "target_units"),
        shares=("mix_share",),
        lists=closed("mix_level", "status"),
    ),
    "policy_backtest": Plausibility(
        key=("policy_method", "breakdown", "breakdown_value", "target_basis", "service_target"),
        is_never_empty=True,
        from_zero=("demand_units", "mean_stock_value", "simulated_cost"),
        shares=("service_target", "achieved_service", "achieved_fill_rate"),
        lists=closed("breakdown", "target_basis", "verdict", "status"),
    ),
    "forecast_accuracy": Plausibility(
        key=(
            "evidence",
            "forecast_method",
            "breakdown",
            "breakdown_value",
            "forecast_interval",
            "horizon_weeks",
        ),
        from_zero=("observation_count", "absolute_error_units"),
        shares=("coverage_q80", "coverage_q90", "coverage_q95"),
        lists=closed("evidence", "breakdown", "forecast_interval", "status"),
        usual=(
            Usual(
                "randomised_coverage_q90",
                0.86,
                0.96,
                {"evidence": "backtest", "forecast_interval": "protection", "breakdown": "all"},
            ),
        ),
    ),
    "forecast_bias": Plausibility(
        key=("item_id", "location_id"),
        from_zero=("actual_units", "forecast_units"),
        lists=closed("status"),
    ),
    "forecast_value_added": Plausibility(
        key=("forecast_method", "reference_method", "breakdown", "breakdown_value"),
        from_zero=("simulated_cost", "reference_simulated_cost"),
        lists=closed("breakdown", "status"),
    ),
    "method_choice": Plausibility(
        key=("demand_class", "challenger_method"),
        is_never_empty=True,
        lists=closed("demand_class", "decision", "status"),
    ),
    "replenishment_order": Plausibility(
        key=("item_id", "location_id", "as_of"),
        from_zero=("replenish_units", "lot_count", "unit_cost", "order_value"),
        shares=("expected_service_with", "expected_service_without"),
        lists=closed("status"),
        total="order_value",
    ),
    "transfer_order": Plausibility(
        key=("transfer_order_id",),
        from_zero=("transfer_units", "transfer_cost"),
        lists=closed("status"),
    ),
    "transfer_unit": Plausibility(key=("unit_id",), lists=closed("status")),
    "explanation": Plausibility(
        key=("explanation_id",),
        from_zero=("decision_rank", "decision_units", "transfer_cost"),
        lists=closed("decision_kind", "status"),
    ),
    "network_row": Plausibility(
        key=("row_family", "row_key"),
        from_zero=("row_price", "row_slack"),
        lists=closed("status"),
    ),
    "network_baseline": Plausibility(
        key=("plan_method", "breakdown", "breakdown_value"),
        is_never_empty=True,
        from_zero=("planned_move_units", "planned_order_units"),
        shares=("expected_fill_rate",),
        lists=closed("breakdown", "status"),
    ),
    "allocation": Plausibility(
        key=("item_id", "location_id", "segment_id"),
        from_zero=(
            "allocated_units",
            "guaranteed_units",
            "unmet_units",
            "consumed_units",
            "soft_reserved_units",
            "borrowed_units",
            "available_units",
            "allocatable_units",
        ),
        lists=closed("rebalance_trigger", "rebalance_decision", "status"),
        total="allocated_units",
    ),
    "allocation_rollup": Plausibility(
        key=("item_id", "location_id", "group_level", "path_prefix"),
        from_zero=("segment_count", "allocated_units", "unmet_units"),
        total="allocated_units",
    ),
    "allocation_plan": Plausibility(
        key=("plan_id", "plan_version_number", "rule_id", "segment_id"),
        from_zero=("rule_rank", "segment_rank", "fixed_units", "min_units", "max_units"),
        lists=closed("plan_state", "allocation_strategy", "pool_mode", "residue", "non_participants"),
    ),
    "allocation_ledger": Plausibility(
        key=("entry_id",),
        from_zero=("entry_number", "own_after_units"),
        lists=closed("purpose", "audit_type", "entry_status"),
    ),
    "supply_audit": Plausibility(
        key=("entry_id",),
        from_zero=("own_after_units",),
        lists=closed("purpose", "audit_type", "entry_status"),
    ),
    "borrow_ledger": Plausibility(
        key=("loan_id",),
        from_zero=("borrowed_units", "returned_units", "expired_units", "open_units"),
        lists=closed("loan_status"),
    ),
    "reservation": Plausibility(
        key=("reservation_id",),
        from_zero=("units", "open_units", "consumed_units", "released_units", "expired_units"),
        lists=closed("reservation_status"),
    ),
    "rebalance_run": Plausibility(
        key=("rebalance_trigger", "rebalance_decision", "reason_code", "plan_id", "rule_id"),
        from_zero=("pool_count", "rebalanced_units"),
        lists=closed("rebalance_trigger", "rebalance_decision"),
    ),
    "segment_performance": Plausibility(
        key=("segment_id", "breakdown", "breakdown_value", "window_days"),
        from_zero=("requested_units", "quota_units", "unused_units", "rejected_units"),
        shares=("fill_rate",),
        lists=closed("breakdown"),
    ),
    "fairness": Plausibility(
        key=("allocation_method", "breakdown", "breakdown_value", "priority_tier", "segment_id"),
        from_zero=("pool_count", "demand_units", "served_units", "unmet_units"),
        shares=("fill_rate", "min_fill_rate", "gini"),
        lists=closed("allocation_method", "breakdown"),
    ),
    "order_segment": Plausibility(key=("order_id", "line_id"), from_zero=("requested_units",)),
    "atp": Plausibility(
        key=("item_id", "location_id", "segment_id", "from_date"),
        from_zero=("atp_units", "expected_atp_units", "discrete_units", "shortage_units"),
        lists=closed("status"),
    ),
    **ORDERS_PLAUSIBILITY,
    **SCORECARD_PLAUSIBILITY,
    "inventory_audit": Plausibility(
        key=("audit_kind", "item_id", "location_id", "unit_id"),
        from_zero=("found_units", "difference_value", "tolerance_units"),
        shares=("not_counted_share",),
        lists={
            "audit_kind": AUDIT_KINDS,
            "audit_status": ("match", "difference", "not_counted"),
        },
        total="difference_value",
    ),
    "solver_run": Plausibility(
        key=("optimisation_model", "batch_id"),
        from_zero=("relative_gap", "max_violation"),
        lists=closed("solver_status"),
    ),
    "inventory_position": Plausibility(
        key=("item_id", "location_id"),
        is_never_empty=True,
        from_zero=("on_hand_units", "reserved_units", "on_order_units", "backorder_units", "owned_value"),
        total="owned_value",
    ),
    "inventory_aging": Plausibility(
        key=("location_id", "category", "age_source", "age_bucket"),
        from_zero=("on_hand_units", "on_hand_value", "daily_carrying_cost"),
        lists={"age_source": ("unit", "layer")},
        total="on_hand_value",
    ),
    "location": Plausibility(key=("location_id",), is_never_empty=True),
    "kpi": Plausibility(
        key=("kpi", "scope_type", "scope_id", "period", "window_days", "period_end_date"),
        is_never_empty=True,
        from_zero=("n",),
        lists={"period": ("rolling", "month")},
    ),
    "kpi_catalogue": Plausibility(
        key=("kpi",),
        is_never_empty=True,
        lists={
            "family": ("stock", "service", "cost", "forecast", "segment", "mto", "cash"),
            "good_direction": ("up", "down", "none"),
        },
    ),
    "plan_vs_actual": Plausibility(
        key=("plan_kind", "scope_type", "scope_id", "window_weeks"),
        is_never_empty=True,
        from_zero=("planned", "actual"),
        lists={
            "plan_kind": (
                "forecast",
                "policy_service",
                "stock",
                "replenishment",
                "transfer",
                "receipt",
            )
        },
    ),
    "exception": Plausibility(
        key=("exception_id",),
        from_zero=("value_at_risk", "counted_value_at_risk", "days_open"),
        lists={
            "severity": ("high", "medium", "low"),
            "attention": ("look", "watch", "handled"),
            "exception_status": ("new", "open", "worse", "better"),
        },
        total="counted_value_at_risk",
    ),
    "exception_resolved": Plausibility(
        key=("exception_id",),
        from_zero=("value_at_risk", "days_open"),
        lists={"severity": ("high", "medium", "low")},
    ),
    "risk_register": Plausibility(
        key=("risk_id",),
        is_never_empty=True,
        from_zero=("value_at_risk", "n"),
        lists={"area": ("mts", "mto"), "level": ("high", "medium", "low")},
    ),
    "weekly_review": Plausibility(
        key=("section", "section_rank"),
        is_never_empty=True,
        lists={
            "section": (
                "exception",
                "market_change",
                "resolved",
                "changed_policy",
                "policy_totals",
                "kpi",
                "plan_miss",
            ),
        },
    ),
    "market_position": Plausibility(
        key=("period", "period_start_date", "region", "market_segment", "model"),
        is_never_empty=True,
        from_zero=("own_registered_units", "market_registered_units"),
        shares=("market_share",),
        lists={"period": ("month", "year")},
    ),
    "capability": Plausibility(
        key=("feature", "table_name", "column_name"),
        is_never_empty=True,
        lists={"status": ("available", "partly", "unavailable")},
    ),
}
