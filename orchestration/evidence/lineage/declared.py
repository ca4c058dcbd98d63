"""What each table that the science makes is made from: the one list for its assets and for lineage."""

from __future__ import annotations

from optimization.contracts.allocation_tables import ALLOCATION_OUTPUTS
from optimization.contracts.network_outputs import NETWORK_OUTPUTS
from orchestration.evidence.lineage.orders import ORDER_LINEAGE

_FORECAST_INPUTS = (
    "opt_in__item_location",
    "opt_in__demand_history",
    "opt_out__demand_class",
    "opt_in__demand_event",
    "opt_in__external_driver",
    "opt_out__demand_effect",
    "opt_out__seasonal_index",
    "opt_out__lead_time",
    "opt_out__demand_model",
    "opt_out__demand_sensing",
    "opt_in__consensus_plan",
    "opt_out__demand_plan_approval",
)
_POLICY_INPUTS = (
    "opt_in__item_location",
    "opt_out__protection_demand",
    "opt_in__price_break",
    "opt_in__demand_history",
    "opt_out__service_control",
    "ledger__policy_event",
)
_PLAN_DECISION_INPUTS = ("ledger__demand_plan_event", "opt_in__consensus_plan")

# What each Python asset reads; its columns are declared by the rule in the module's docstring.
_NETWORK_INPUTS = (
    "opt_in__item_location",
    "opt_in__lane",
    "opt_in__location_limit",
    "opt_in__recent_transfer",
    "opt_in__segment",
    "opt_in__segment_demand",
    "opt_in__unit",
    "opt_out__policy",
    "opt_out__protection_demand",
    "opt_out__supply_expectation",
)
_PLAN_INPUTS = ("opt_in__allocation_rule", "ledger__proposed_rule", "ledger__plan_decision")
_ALLOCATION_INPUTS = (
    "opt_in__item_location",
    "opt_in__segment",
    "opt_in__segment_demand",
    "opt_in__segment_order",
    "opt_out__policy",
    *_PLAN_INPUTS,
    "ledger__allocation_event",
)
DECLARED_INPUTS: dict[str, tuple[str, ...]] = {
    "opt_out__demand_class": ("opt_in__item_location", "opt_in__demand_history"),
    "opt_out__demand_model": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_in__demand_event",
        "opt_in__external_driver",
        "opt_out__demand_effect",
        "opt_out__seasonal_index",
        "opt_out__lead_time",
    ),
    "opt_out__forecast": _FORECAST_INPUTS,
    "opt_out__demand_level": _FORECAST_INPUTS,
    "opt_out__lead_time": ("opt_in__lead_time_sample", "opt_in__item_location"),
    "opt_out__lead_time_quantile": ("opt_in__lead_time_sample", "opt_in__item_location"),
    "opt_out__supplier_scorecard": (
        "opt_in__supply_line",
        "opt_in__lead_time_sample",
        "opt_in__item_location",
        "opt_out__lead_time",
    ),
    "opt_out__supply_expectation": (
        "opt_in__open_supply",
        "opt_in__supply_line",
        "opt_out__lead_time_quantile",
    ),
    "opt_out__protection_demand": (
        "opt_in__item_location",
        "opt_out__forecast",
        "opt_out__demand_level",
        "opt_out__demand_model",
        "opt_out__lead_time",
        "opt_out__lead_time_quantile",
    ),
    "opt_out__demand_effect": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_in__demand_event",
        "opt_in__external_driver",
    ),
    "opt_out__seasonal_index": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_in__demand_event",
        "opt_in__external_driver",
    ),
    "opt_out__demand_sensing": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_in__demand_event",
        "opt_in__external_driver",
        "opt_out__demand_effect",
        "opt_out__seasonal_index",
        "opt_out__lead_time",
        "opt_out__demand_model",
    ),
    "opt_out__segment_forecast": (
        "opt_in__item_location",
        "opt_out__protection_demand",
        "opt_in__segment",
        "opt_in__segment_demand",
    ),
    "opt_out__mix_target": ("opt_in__item_location", "opt_out__protection_demand"),
    "opt_out__policy": _POLICY_INPUTS,
    "opt_out__policy_change": _POLICY_INPUTS,
    "opt_out__policy_override": _POLICY_INPUTS,
    "opt_out__approval": ("ledger__policy_event", *_PLAN_DECISION_INPUTS),
    "opt_out__demand_plan_approval": _PLAN_DECISION_INPUTS,
    "opt_out__review_calendar": ("ledger__review_event",),
    "opt_out__policy_input": (
        "opt_in__item_location",
        "opt_out__protection_demand",
        "opt_out__policy",
        "opt_in__price_break",
        "opt_in__demand_history",
        "opt_in__consensus_plan",
        "opt_out__demand_plan_approval",
        "opt_out__forecast",
        "opt_out__demand_level",
        "opt_out__demand_model",
        "opt_out__lead_time",
        "opt_out__supplier_scorecard",
        "opt_out__forecast_accuracy",
        "opt_out__service_control",
    ),
    "opt_out__policy_reason": ("opt_out__policy_input",),
    "opt_out__policy_proof": ("opt_out__policy_input",),
    "opt_out__override_outcome": (
        "opt_out__policy_override",
        "opt_in__item_location",
        "opt_in__demand_history",
    ),
    "opt_out__policy_schedule": (
        "opt_in__item_location",
        "opt_out__forecast",
        "opt_out__protection_demand",
        "opt_out__policy",
    ),
    **dict.fromkeys((table.name for table in NETWORK_OUTPUTS), _NETWORK_INPUTS),
    **dict.fromkeys((table.name for table in ALLOCATION_OUTPUTS), _ALLOCATION_INPUTS),
    "opt_out__allocation_plan": _PLAN_INPUTS,
    "opt_out__atp": (
        "opt_in__item_location",
        "opt_in__commitment",
        "opt_out__supply_expectation",
        "opt_out__allocation",
        "opt_out__soft_reservation",
    ),
    **ORDER_LINEAGE,
    "opt_out__scenario_frontier": (
        "opt_in__item_location",
        "opt_out__protection_demand",
        "opt_out__service_control",
    ),
    **dict.fromkeys(
        ("opt_out__annual_plan", "opt_out__annual_plan_price", "opt_out__annual_solver_run"),
        (
            "opt_in__item_location",
            "opt_in__location_limit",
            "opt_out__protection_demand",
            "opt_out__policy",
            "opt_out__forecast",
            "opt_out__seasonal_index",
        ),
    ),
    "opt_out__policy_backtest": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_out__protection_demand",
    ),
    "opt_out__forecast_accuracy": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_out__protection_demand",
    ),
    "opt_out__forecast_bias": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_out__protection_demand",
    ),
    "opt_out__forecast_value_added": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_out__protection_demand",
    ),
    "opt_out__service_control": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_out__protection_demand",
    ),
    "opt_out__method_choice": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_out__protection_demand",
    ),
}
