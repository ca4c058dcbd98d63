"""What the science writes: the `opt_out__` tables that the published models read.

Those of the network model stand in `optimization.contracts.network_outputs`, those of the
allocation in `optimization.contracts.allocation_tables`, those of approvals in
`optimization.contracts.approval_tables`.
"""

from __future__ import annotations

from optimization.contracts.allocation_tables import ALLOCATION_OUTPUTS, ATP
from optimization.contracts.approval_tables import APPROVAL_OUTPUTS
from optimization.contracts.network_outputs import NETWORK_OUTPUTS
from optimization.contracts.order_outputs import ORDER_OUTPUTS
from optimization.contracts.planning_tables import PLANNING_OUTPUTS
from optimization.contracts.reason_tables import REASON_OUTPUTS
from optimization.contracts.scorecard_tables import SCORECARD_OUTPUTS
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

DEMAND_LEVEL = Table(
    "opt_out__demand_level",
    "Level and dispersion behind the forecast per item-location, from which any interval is read.",
    key=("item_id", "location_id"),
    required=(
        "item_id",
        "location_id",
        "model_scope",
        "weekly_rate_units",
        "log_dispersion",
        "level_error_cv2",
        "method",
        "status",
    ),
    optional=("reason_code",),
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
        "open_order_count",
        "lead_time_days",
        "lead_time_sd_days",
        "lead_time_p10_days",
        "lead_time_p50_days",
        "lead_time_p80_days",
        "lead_time_p90_days",
        "lead_time_p95_days",
        "method",
        "status",
    ),
    optional=("reason_code",),
)

LEAD_TIME_QUANTILE = Table(
    "opt_out__lead_time_quantile",
    "The whole lead-time distribution per supplier and location: twenty equally likely values.",
    key=("supplier_id", "location_id", "quantile_level"),
    required=("supplier_id", "location_id", "quantile_level", "lead_time_days"),
)

SUPPLIER_SCORECARD = Table(
    "opt_out__supplier_scorecard",
    "What a supplier delivered against its word, per location and in total (location *): shares as "
    "counted, null where nothing was, and beside them the shares to plan with, shrunk.",
    key=("supplier_id", "location_id"),
    required=(
        "supplier_id",
        "location_id",
        "supply_line_count",
        "due_line_count",
        "closed_line_count",
        "checked_order_count",
        "method",
        "status",
    ),
    optional=(
        "late_share",
        "expected_late_share",
        "recent_late_share",
        "late_share_change",
        "mean_lateness_days",
        "short_share",
        "full_share",
        "zero_share",
        "receipt_share",
        "receipt_share_sd",
        "rejected_share",
        "expected_rejected_share",
        "promised_lead_time_days",
        "lead_time_p50_days",
        "lead_time_p90_days",
        "p90_coverage",
        "reason_code",
    ),
)

SUPPLY_EXPECTATION = Table(
    "opt_out__supply_expectation",
    "When every open supply line is to be expected, given how long it has been waited for.",
    key=("supply_order_id", "line_id"),
    required=(
        "supply_order_id",
        "line_id",
        "item_id",
        "location_id",
        "open_units",
        "stated_date",
        "expected_date",
        "expected_p50_date",
        "expected_p90_date",
        "is_overdue",
        "overdue_days",
        "is_counted",
        "reason_code",
        "method",
        "status",
    ),
    optional=("supplier_id",),
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
        "model_scope",
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

_EFFECT_COLUMNS = (
    "category",
    "region",
    "effect_kind",
    "effect",
    "effect_value",
    "standard_error",
    "sample_count",
    "origin_count",
    "is_used",
    "method",
    "status",
)

DEMAND_EFFECT = Table(
    "opt_out__demand_effect",
    "What dated events and external drivers do to demand, per category; region * is everywhere.",
    key=("category", "region", "effect_kind", "effect"),
    required=_EFFECT_COLUMNS,
    optional=("planned_uplift", "error_ratio", "reason_code"),
)

DEMAND_SENSING = Table(
    "opt_out__demand_sensing",
    "Short-horizon correction by the newest sales, per category and region, and what it was worth.",
    key=("category", "region", "effect_kind", "effect"),
    required=_EFFECT_COLUMNS,
    optional=("planned_uplift", "error_ratio", "reason_code"),
)

SEASONAL_INDEX = Table(
    "opt_out__seasonal_index",
    "Index per week of the year: each category everywhere, and the regions that differ from it.",
    key=("category", "region", "week_of_year"),
    required=(
        "category",
        "region",
        "week_of_year",
        "index_factor",
        "history_weeks",
        "origin_count",
        "is_used",
        "method",
        "status",
    ),
    optional=("error_ratio", "reason_code"),
)

SEGMENT_FORECAST = Table(
    "opt_out__segment_forecast",
    "Demand over the protection interval per item-location and customer segment; the segments of an "
    "item-location add up to its demand.",
    key=("item_id", "location_id", "segment_id"),
    required=(
        "item_id",
        "location_id",
        "segment_id",
        "protection_days",
        "segment_share",
        "mean_units",
        "variance_units2",
        "q50_units",
        "q80_units",
        "q90_units",
        "q95_units",
        "method",
        "status",
    ),
    optional=("reason_code",),
)

MIX_TARGET = Table(
    "opt_out__mix_target",
    "Vehicle mix: whole units to have per location and configuration, and the expected mix of the "
    "next month and year over all locations (location *).",
    key=("mix_level", "location_id", "item_id"),
    required=(
        "mix_level",
        "location_id",
        "model",
        "item_id",
        "mix_share",
        "mean_units",
        "target_units",
        "on_hand_units",
        "inventory_position_units",
        "gap_units",
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
        "planned_service",
        "stockout_behaviour",
        "lead_time_days",
        "review_days",
        "moq_units",
        "lot_units",
        "safety_stock_units",
        "reorder_point_units",
        "order_up_to_units",
        "order_quantity_units",
        "order_quantity_reason",
        "eoq_units",
        "order_price",
        "proposed_reorder_point_units",
        "proposed_order_up_to_units",
        "expected_fill_rate",
        "expected_ready_rate",
        "expected_cycle_service",
        "expected_stock_units",
        "expected_cost_per_year",
        "abc_class",
        "abc_calculated",
        "xyz_class",
        "xyz_calculated",
        "change_state",
        "change_value",
        "reason_code",
        "method",
        "status",
    ),
    optional=(
        "criticality",
        "days_of_supply",
        "previous_reorder_point_units",
        "previous_order_up_to_units",
        "held_change_id",
        "held_reorder_point_units",
        "held_order_up_to_units",
        "held_until_date",
    ),
)

POLICY_SCHEDULE = Table(
    "opt_out__policy_schedule",
    "Dated levels where the weeks ahead differ from the policy's, because of promotions or season.",
    key=("item_id", "location_id", "effective_from"),
    required=(
        "item_id",
        "location_id",
        "effective_from",
        "effective_to",
        "reorder_point_units",
        "order_up_to_units",
        "reason_code",
        "method",
        "status",
    ),
)

_SCORED = ("breakdown", "breakdown_value", "series_count")

POLICY_BACKTEST = Table(
    "opt_out__policy_backtest",
    "What each stock rule would have delivered in the last weeks of the own history, and with what stock.",
    key=("policy_method", "breakdown", "breakdown_value", "target_basis", "service_target"),
    required=(
        "policy_method",
        *_SCORED,
        "target_basis",
        "service_metric",
        "service_target",
        "is_current",
        "observed_weeks",
        "demand_units",
        "filled_units",
        "ready_weeks",
        "cycle_count",
        "served_cycle_count",
        "mean_stock_units",
        "mean_stock_value",
        "shortage_to_holding",
        "simulated_cost",
        "verdict",
        "method",
        "status",
    ),
    optional=(
        "population_count",
        "scored_from_date",
        "scored_to_date",
        "achieved_service",
        "achieved_service_low",
        "achieved_service_high",
        "stock_at_target_value",
        "stock_ratio",
        "stock_ratio_low",
        "stock_ratio_high",
        "cost_ratio",
        "cost_ratio_low",
        "cost_ratio_high",
        "reason_code",
    ),
)

FORECAST_ACCURACY = Table(
    "opt_out__forecast_accuracy",
    "How far forecasts were from the demand that came: of the backtest, and of earlier releases as frozen.",
    key=(
        "evidence",
        "forecast_method",
        "breakdown",
        "breakdown_value",
        "forecast_interval",
        "horizon_weeks",
    ),
    required=(
        "evidence",
        "forecast_method",
        *_SCORED,
        "forecast_interval",
        "horizon_weeks",
        "origin_count",
        "observation_count",
        "actual_units",
        "forecast_units",
        "absolute_error_units",
        "squared_error_units2",
        "pinball_q50_units",
        "pinball_q80_units",
        "pinball_q90_units",
        "pinball_q95_units",
        "covered_q80_count",
        "covered_q90_count",
        "covered_q95_count",
        "method",
        "status",
    ),
    optional=(
        "naive_absolute_error_units",
        "naive_squared_error_units2",
        "randomised_q80_count",
        "randomised_q90_count",
        "randomised_q95_count",
        "positive_count",
        "percentage_error_sum",
        "reason_code",
    ),
)

FORECAST_BIAS = Table(
    "opt_out__forecast_bias",
    "Whether the forecast of an item-location has been drifting: errors in one direction over many dates.",
    key=("item_id", "location_id"),
    required=(
        "item_id",
        "location_id",
        "forecast_method",
        "horizon_weeks",
        "origin_count",
        "actual_units",
        "forecast_units",
        "bias_units",
        "mean_absolute_deviation_units",
        "tracking_signal",
        "is_drifting",
        "method",
        "status",
    ),
    optional=("reason_code",),
)

FORECAST_VALUE_ADDED = Table(
    "opt_out__forecast_value_added",
    "What a step of forecasting saves against a simpler one, in error, in pinball loss and in cost.",
    key=("forecast_method", "reference_method", "breakdown", "breakdown_value"),
    required=(
        "forecast_method",
        "reference_method",
        *_SCORED,
        "observation_count",
        "actual_units",
        "absolute_error_units",
        "reference_absolute_error_units",
        "method",
        "status",
    ),
    optional=(
        "pinball_units",
        "reference_pinball_units",
        "simulated_cost",
        "reference_simulated_cost",
        "cost_ratio",
        "cost_ratio_low",
        "cost_ratio_high",
        "reason_code",
    ),
)

SERVICE_CONTROL = Table(
    "opt_out__service_control",
    "What the plan aims at so that the stated service is what arrives, by measure, target and demand class.",
    key=("service_metric", "target_band", "model_scope"),
    required=(
        "service_metric",
        "target_band",
        "model_scope",
        "series_count",
        "demand_units",
        "logit_shift",
        "fitted_date",
        "method",
        "status",
    ),
    optional=("service_target", "delivered_service", "controlled_service", "reason_code"),
)

METHOD_CHOICE = Table(
    "opt_out__method_choice",
    "Which forecasting method a class of demand has from now on, and the trial that says so.",
    key=("demand_class", "challenger_method"),
    required=(
        "demand_class",
        "challenger_method",
        "current_method",
        "chosen_method",
        "decision",
        "series_count",
        "tried_date",
        "reason_code",
        "method",
        "status",
    ),
    optional=(
        "cost_ratio",
        "cost_ratio_low",
        "cost_ratio_high",
        "current_coverage_q90",
        "challenger_coverage_q90",
    ),
)

OUTPUTS: tuple[Table, ...] = (
    DEMAND_CLASS,
    DEMAND_LEVEL,
    DEMAND_MODEL,
    FORECAST,
    LEAD_TIME,
    LEAD_TIME_QUANTILE,
    SUPPLIER_SCORECARD,
    SUPPLY_EXPECTATION,
    PROTECTION_DEMAND,
    DEMAND_EFFECT,
    SEASONAL_INDEX,
    DEMAND_SENSING,
    SEGMENT_FORECAST,
    MIX_TARGET,
    POLICY,
    *APPROVAL_OUTPUTS,
    *REASON_OUTPUTS,
    *SCORECARD_OUTPUTS,
    POLICY_SCHEDULE,
    *NETWORK_OUTPUTS,
    *ALLOCATION_OUTPUTS,
    ATP,
    *ORDER_OUTPUTS,
    POLICY_BACKTEST,
    FORECAST_ACCURACY,
    FORECAST_BIAS,
    FORECAST_VALUE_ADDED,
    METHOD_CHOICE,
    SERVICE_CONTROL,
    *PLANNING_OUTPUTS,
)
