"""Which public function of the science makes each `opt_out__` table: the text of its columns' formulas.

What the function reads stands in `DECLARED_INPUTS` of `orchestration.evidence.lineage.declared`.
"""

from __future__ import annotations

from optimization.contracts.allocation_tables import ALLOCATION_OUTPUTS
from optimization.contracts.network_outputs import NETWORK_OUTPUTS

MAKERS: dict[str, str] = {
    **dict.fromkeys((one.name for one in NETWORK_OUTPUTS), "optimization.network.planning.plan_network"),
    **dict.fromkeys((one.name for one in ALLOCATION_OUTPUTS), "optimization.allocation.planning.allocate"),
    "opt_out__allocation_plan": "optimization.allocation.rules.plan_states.plan_states",
    "opt_out__demand_class": "optimization.demand.classes.classify_demand",
    "opt_out__demand_level": "optimization.demand.forecasting.forecast_demand",
    "opt_out__demand_model": "optimization.demand.learning.learn_demand_model",
    "opt_out__forecast": "optimization.demand.forecasting.forecast_demand",
    "opt_out__lead_time": "optimization.demand.lead_times.estimate_lead_times",
    "opt_out__lead_time_quantile": "optimization.demand.lead_times.estimate_lead_times",
    "opt_out__supplier_scorecard": "optimization.demand.supplier_scorecard.score_suppliers",
    "opt_out__supply_expectation": "optimization.demand.supply_expectation.expect_supply",
    "opt_out__protection_demand": "optimization.demand.protection.protection_demand",
    "opt_out__demand_effect": "optimization.demand.effects.learn_effects",
    "opt_out__seasonal_index": "optimization.demand.effects.learn_effects",
    "opt_out__demand_sensing": "optimization.demand.sensing.learn_sensing",
    "opt_out__segment_forecast": "optimization.demand.segments.forecast_segments",
    "opt_out__mix_target": "optimization.vehicles.mix.mix_targets",
    **dict.fromkeys(
        (
            "opt_out__policy",
            "opt_out__policy_change",
            "opt_out__policy_override",
            "opt_out__approval",
        ),
        "optimization.policy.planning.planned_policies",
    ),
    "opt_out__demand_plan_approval": "optimization.demand.plan_approval.judged_plans",
    "opt_out__review_calendar": "optimization.policy.reviews.review_calendar",
    "opt_out__policy_input": "optimization.policy.policy_input.record_inputs",
    "opt_out__policy_reason": "optimization.policy.attribution.attribute",
    "opt_out__override_outcome": "optimization.simulation.override_outcome.override_outcomes",
    "opt_out__policy_proof": "optimization.policy.proof.prove",
    "opt_out__scenario_frontier": "optimization.planning.frontier.scenario_frontier",
    **dict.fromkeys(
        ("opt_out__annual_plan", "opt_out__annual_plan_price", "opt_out__annual_solver_run"),
        "optimization.planning.annual.planning.plan_year",
    ),
    "opt_out__policy_schedule": "optimization.policy.schedule.plan_schedule",
    "opt_out__atp": "optimization.promising.atp.available_to_promise",
    **dict.fromkeys(
        (
            "opt_out__policy_backtest",
            "opt_out__forecast_accuracy",
            "opt_out__forecast_bias",
            "opt_out__forecast_value_added",
            "opt_out__method_choice",
            "opt_out__service_control",
        ),
        "optimization.simulation.backtest.run_backtest",
    ),
    **dict.fromkeys(
        ("opt_out__unit_reservation", "opt_out__unit_reservation_entry"),
        "optimization.promising.unit_reservations.unit_reservations",
    ),
    "opt_out__unit_atp": "optimization.promising.unit_atp.unit_available_to_promise",
    **dict.fromkeys(
        ("opt_out__capable_to_promise", "opt_out__delivery_promise"),
        "optimization.promising.delivery.planning.delivery_promises",
    ),
    "opt_out__stock_unit_review": "optimization.vehicles.review.review_stock",
    **dict.fromkeys(
        (
            "opt_out__customer_match",
            "opt_out__match_outcome",
            "opt_out__match_weight",
            "opt_out__match_solver_run",
        ),
        "optimization.promising.matching.planning.match_customers",
    ),
    "opt_out__substitution_offer": "optimization.promising.substitution.substitutes",
    **dict.fromkeys(
        ("opt_out__order_check", "opt_out__rule_check"),
        "optimization.build_to_order.configuration.checking.check_orders",
    ),
    "opt_out__stage_duration": "optimization.build_to_order.lead_times.durations.stage_durations",
    **dict.fromkeys(
        (
            "opt_out__mto_slot_assignment",
            "opt_out__slot_load",
            "opt_out__expedite_option",
            "opt_out__mto_solver_run",
        ),
        "optimization.build_to_order.slots.planning.plan_slots",
    ),
    **dict.fromkeys(
        (
            "opt_out__mto_step",
            "opt_out__mto_order_status",
            "opt_out__mto_promise",
            "opt_out__mto_event_set_aside",
        ),
        "optimization.build_to_order.tracking.planning.track_orders",
    ),
    "opt_out__mto_change_impact": "optimization.build_to_order.changes.impact.change_impacts",
    **dict.fromkeys(
        ("opt_out__factory_message", "opt_out__notification", "opt_out__order_tracking"),
        "optimization.messages.messages.messages",
    ),
}
