"""What plausible tables of the orders' side look like; a source without orders or units leaves them empty."""

from __future__ import annotations

from optimization.contracts.order_outputs import RULE_CHECK, SLOT_LOAD, STAGE_DURATION
from orchestration.publish.plausibility_form import Plausibility, closed

ORDERS_PLAUSIBILITY: dict[str, Plausibility] = {
    "unit_reservation": Plausibility(
        key=("reservation_id",), lists=closed("unit_reservation_state", "hold_kind")
    ),
    "unit_reservation_entry": Plausibility(key=("event_id",), lists=closed("unit_operation", "entry_status")),
    "unit_atp": Plausibility(key=("unit_id",), from_zero=("list_price",), lists=closed("status")),
    "unit_hold": Plausibility(key=("hold_id",), lists=closed("hold_kind")),
    "capable_to_promise": Plausibility(key=("item_id", "location_id"), lists=closed("status")),
    "delivery_promise": Plausibility(
        key=("order_id", "line_id"),
        from_zero=("open_units", "open_value", "transit_p90_days"),
        lists=closed("promise_basis", "status"),
        total="open_units",
        kept=("first_promise_date",),
    ),
    "customer_match": Plausibility(
        key=("request_id", "match_rank"),
        from_zero=("distance_km",),
        shares=("fit_share",),
        lists=closed("status"),
    ),
    "match_outcome": Plausibility(
        key=("request_id",), from_zero=("candidate_count",), lists=closed("status")
    ),
    "match_weight": Plausibility(key=("feature",), from_zero=("observation_count",), lists=closed("status")),
    "stock_unit_review": Plausibility(
        key=("unit_id",),
        from_zero=("age_days", "daily_cost", "cumulative_cost", "expected_days_to_sale", "value_at_risk"),
        shares=("sale_probability",),
        lists=closed("stock_action", "status"),
        total="value_at_risk",
    ),
    "substitution_offer": Plausibility(
        key=("order_id", "offer_rank"),
        from_zero=("slot_value",),
        shares=("fit_share",),
        lists=closed("status"),
    ),
    "order_check": Plausibility(key=("order_id", "check_number"), lists=closed("check_kind", "rule_type")),
    "rule_check": Plausibility(key=RULE_CHECK.key, lists=closed("rule_check_kind")),
    "stage_duration": Plausibility(
        key=STAGE_DURATION.key,
        from_zero=("duration_p50_days", "duration_p90_days", "sample_count", "open_order_count"),
        lists=closed("status"),
    ),
    "mto_slot_assignment": Plausibility(
        key=("order_id",), from_zero=("lateness_days", "expedite_cost"), lists=closed("status")
    ),
    "slot_load": Plausibility(
        key=SLOT_LOAD.key,
        from_zero=("slot_units", "used_units", "left_units", "freed_units", "slot_price"),
        total="used_units",
    ),
    "expedite_option": Plausibility(
        key=("order_id", "expedite_rank"),
        from_zero=("days_saved", "expedite_cost", "affected_order_count"),
    ),
    "mto_order_status": Plausibility(
        key=("order_id",),
        from_zero=("delay_days", "stage_age_days", "silent_days"),
        shares=("at_risk_probability", "cancel_probability"),
        lists=closed("delay_status", "status"),
    ),
    "mto_milestone": Plausibility(key=("order_id", "milestone_code"), lists=closed("milestone_state")),
    "mto_promise": Plausibility(
        key=("order_id", "promise_number"),
        lists=closed("promise_basis", "status"),
        kept=("made_date", "promise_p90_date"),
    ),
    "mto_event_set_aside": Plausibility(key=("event_id",)),
    "mto_change_impact": Plausibility(
        key=("change_id",),
        from_zero=("affected_order_count",),
        lists=closed("change_status", "impact_status", "status"),
    ),
    "mto_order_fact": Plausibility(key=("order_id",), lists=closed("order_status")),
    "factory_order_outbox": Plausibility(key=("message_id",), lists=closed("factory_message")),
    "notification_outbox": Plausibility(key=("message_id",), lists=closed("notification_kind")),
    "order_tracking": Plausibility(key=("tracking_id",), lists=closed("delay_status")),
}
