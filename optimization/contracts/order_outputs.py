"""What the orders' side writes: promises, unit reservations, matches, units, the way made to order."""

from __future__ import annotations

from optimization.contracts.column import Column
from optimization.contracts.network_outputs import SOLVER_RUN_COLUMNS
from optimization.contracts.table import Table

_JUDGED = ("reason_code", "method", "status")
_SLOT = ("plant_id", "production_line_id", "week_start_date")

# --- promising from stock

UNIT_RESERVATION = Table(
    "opt_out__unit_reservation",
    "Reservations of single units and blocks on them, with what became of each; one is active per unit.",
    key=("reservation_id",),
    required=("reservation_id", "unit_id", "unit_reservation_state", "opened_at", "actor", "reason_code"),
    optional=(
        "customer_id",
        "order_id",
        "order_priority",
        "hold_kind",
        "expires_at",
        "closed_at",
        "note",
    ),
)
UNIT_RESERVATION_ENTRY = Table(
    "opt_out__unit_reservation_entry",
    "Everything that was done to single units, refused operations among them, with the reason.",
    key=("event_id",),
    required=(
        "event_id",
        "ledger_seq",
        "event_at",
        "unit_operation",
        "unit_id",
        "reservation_id",
        "entry_status",
        "actor",
        "reason_code",
    ),
    optional=("customer_id", "order_id", "expires_at", "note"),
)
UNIT_ATP = Table(
    "opt_out__unit_atp",
    "Every unit: whether it can be promised, when it is ready for handover where it stands or arrives, "
    "and what is in the way.",
    key=("unit_id",),
    required=("unit_id", "item_id", "location_id", "is_promisable", *_JUDGED),
    optional=("ready_p50_date", "ready_p90_date", "reservation_id", "order_id"),
)
CAPABLE_TO_PROMISE = Table(
    "opt_out__capable_to_promise",
    "Per item-location, from when on a new order to its supplier serves any quantity.",
    key=("item_id", "location_id"),
    required=("item_id", "location_id", *_JUDGED),
    optional=("supplier_id", "beyond_p50_date", "beyond_p90_date"),
)
DELIVERY_PROMISE = Table(
    "opt_out__delivery_promise",
    "What open order lines are promised: earliest date and source, the handover, and the first promise.",
    key=("order_id", "line_id"),
    required=(
        "order_id",
        "line_id",
        "item_id",
        "location_id",
        "segment_id",
        "open_units",
        "requested_date",
        "promise_basis",
        *_JUDGED,
    ),
    optional=(
        "source_location_id",
        "unit_id",
        "promise_p50_date",
        "promise_p90_date",
        "first_promise_date",
        "previous_promise_date",
        "transit_p50_days",
        "transit_p90_days",
        "handover_date",
        "customer_id",
    ),
)

# --- requests and units

CUSTOMER_MATCH = Table(
    "opt_out__customer_match",
    "The best units per open request, with the parts of the score and what differs from the wish.",
    key=("request_id", "match_rank"),
    required=(
        "request_id",
        "match_rank",
        "unit_id",
        "match_score",
        "fit_share",
        "option_score",
        "appearance_score",
        "price_score",
        "distance_score",
        "date_score",
        "ageing_score",
        "scarcity_score",
        "differences",
        "is_assigned",
        *_JUDGED,
    ),
    optional=("distance_km", "ready_p90_date"),
)
MATCH_OUTCOME = Table(
    "opt_out__match_outcome",
    "Per open request the unit that it is proposed in the best assignment of all, or why none.",
    key=("request_id",),
    required=("request_id", "candidate_count", *_JUDGED),
    optional=("unit_id", "match_score", "outbid_by"),
)
MATCH_WEIGHT = Table(
    "opt_out__match_weight",
    "What the features of a match weigh: stated, or learnt from what customers chose.",
    key=("feature",),
    required=("feature", "feature_weight", "observation_count", *_JUDGED),
    optional=("standard_error",),
)
STOCK_UNIT_REVIEW = Table(
    "opt_out__stock_unit_review",
    "Every unit in stock: what it costs, when it will be sold, what is at risk, and what to do with it.",
    key=("unit_id",),
    required=(
        "unit_id",
        "item_id",
        "location_id",
        "stock_category",
        "age_days",
        "daily_cost",
        "cumulative_cost",
        "expected_days_to_sale",
        "sale_probability",
        "expected_markdown",
        "value_at_risk",
        "is_slow",
        "stock_action",
        "action_value",
        *_JUDGED,
    ),
    optional=("proposed_price", "to_location_id", "list_price", "estimated_value", "unit_cost"),
)
SUBSTITUTION_OFFER = Table(
    "opt_out__substitution_offer",
    "Units in stock or on their way that an open made-to-order order could be offered instead.",
    key=("order_id", "offer_rank"),
    required=(
        "order_id",
        "offer_rank",
        "unit_id",
        "fit_share",
        "days_earlier",
        "price_delta",
        "slot_value",
        "offer_value",
        "differences",
        *_JUDGED,
    ),
    optional=("ready_p90_date", "customer_id"),
)

# --- made to order

ORDER_CHECK = Table(
    "opt_out__order_check",
    "What is wrong with the configuration of open orders and quotes, and the smallest repairs.",
    key=("order_id", "check_number"),
    required=("order_id", "check_number", "check_kind", "message", "reason_code"),
    optional=(
        "rule_id",
        "rule_version",
        "rule_type",
        "involved_options",
        "added_options",
        "removed_options",
        "price_delta",
    ),
)
RULE_CHECK = Table(
    "opt_out__rule_check",
    "What is wrong with the rules themselves: options that nobody can choose, markets with nothing to build.",
    key=("market", "model", "from_date", "rule_check_kind", "option_id"),
    required=("market", "model", "from_date", "rule_check_kind", "option_id", "message", "reason_code"),
    optional=("conflicting_rules",),
)
STAGE_DURATION = Table(
    "opt_out__stage_duration",
    "Days from each milestone to the next and from it to handover, per group; open orders are censored.",
    key=("pool_level", "pool_key", "milestone_code", "scope"),
    required=(
        "pool_level",
        "pool_key",
        "milestone_code",
        "scope",
        "sample_count",
        "open_order_count",
        *_JUDGED,
    ),
    optional=("duration_p50_days", "duration_p80_days", "duration_p90_days", "duration_p95_days"),
)
MTO_ORDER_STATUS = Table(
    "opt_out__mto_order_status",
    "Where each made-to-order order stands, when it will be delivered, and how that is to its promise.",
    key=("order_id",),
    required=(
        "order_id",
        "delay_status",
        "is_stuck",
        "is_silent",
        "is_blocked",
        "delay_days",
        *_JUDGED,
    ),
    optional=(
        "milestone_code",
        "milestone_number",
        "milestone_step",
        "reached_at",
        "stage_age_days",
        "stage_limit_days",
        "silent_days",
        "predicted_p50_date",
        "predicted_p90_date",
        "first_promise_date",
        "current_promise_date",
        "at_risk_probability",
        "cancel_probability",
        "delay_cause",
        "handover_date",
    ),
)
MTO_STEP = Table(
    "opt_out__mto_step",
    "Every milestone of every open order: planned, reached or predicted.",
    key=("order_id", "milestone_code"),
    required=("order_id", "milestone_code", "milestone_number", "milestone_step", "milestone_state"),
    optional=(
        "milestone_name",
        "planned_date",
        "reached_at",
        "predicted_p50_date",
        "predicted_p90_date",
        "event_id",
    ),
)
MTO_PROMISE = Table(
    "opt_out__mto_promise",
    "Every promise that was ever made to an open order: the first one, and each later one with its reason.",
    key=("order_id", "promise_number"),
    required=(
        "order_id",
        "promise_number",
        "made_date",
        "promise_p50_date",
        "promise_p90_date",
        "promise_basis",
        *_JUDGED,
    ),
)
MTO_EVENT_SET_ASIDE = Table(
    "opt_out__mto_event_set_aside",
    "Milestone events that changed nothing: unknown ones, steps back, what was told before; with the reason.",
    key=("event_id",),
    required=("event_id", "order_id", "milestone_code", "event_at", "reason_code"),
    optional=("milestone_name", "milestone_number", "milestone_step"),
    redefined=(
        Column("event_id", "text", "Event of the source"),
        Column("event_at", "timestamp", "When it happened, as the source told it (UTC)"),
    ),
)
MTO_SLOT_ASSIGNMENT = Table(
    "opt_out__mto_slot_assignment",
    "The slot of each order that waits to be built, or why it has none.",
    key=("order_id",),
    required=(
        "order_id",
        "is_frozen",
        "is_moved",
        "is_expedited",
        "is_promise_broken",
        "lateness_days",
        *_JUDGED,
    ),
    optional=(*_SLOT, "previous_week_start_date", "expedite_cost", "binding_row"),
)
SLOT_LOAD = Table(
    "opt_out__slot_load",
    "Load of each line and week, and of each limited option; what is left, and what one more is worth.",
    key=(*_SLOT, "option_id"),
    required=(
        *_SLOT,
        "option_id",
        "slot_units",
        "used_units",
        "left_units",
        "freed_units",
        "slot_price",
        "is_frozen",
        "is_binding",
    ),
)
EXPEDITE_OPTION = Table(
    "opt_out__expedite_option",
    "Ways to build a late order earlier, with the days that are saved and what they cost.",
    key=("order_id", "expedite_rank"),
    required=(
        "order_id",
        "expedite_rank",
        *_SLOT,
        "days_saved",
        "expedite_cost",
        "is_expedited",
        "affected_order_count",
        "affected_orders",
        "reason_code",
    ),
)
MTO_CHANGE_IMPACT = Table(
    "opt_out__mto_change_impact",
    "What each requested change would do to date, price, cost and other orders; both versions are kept.",
    key=("change_id",),
    required=(
        "change_id",
        "order_id",
        "version",
        "change_status",
        "impact_status",
        "needs_approval",
        "previous_options",
        "options",
        "added_options",
        "removed_options",
        "affected_order_count",
        "affected_orders",
        "message",
        *_JUDGED,
    ),
    optional=("p50_delta_days", "p90_delta_days", "price_delta", "cost_delta"),
)
MTO_SOLVER_RUN = Table(
    "opt_out__mto_solver_run",
    "Status, bound, gap and audit of every solve of the slots and of the matching.",
    key=("optimisation_model", "batch_id"),
    required=SOLVER_RUN_COLUMNS,
)
MATCH_SOLVER_RUN = Table(
    "opt_out__match_solver_run",
    "Status, bound, gap and audit of the assignment of units to requests.",
    key=("optimisation_model", "batch_id"),
    required=SOLVER_RUN_COLUMNS,
)

# --- messages

FACTORY_MESSAGE = Table(
    "opt_out__factory_message",
    "What plants are to be told, each message once, with their answer.",
    key=("message_id",),
    required=("message_id", "order_id", "factory_message", "created_date", "options", "message"),
    optional=("plant_id", "week_start_date", "acknowledged_at", "is_accepted"),
)
NOTIFICATION = Table(
    "opt_out__notification",
    "What customers are to be told, each message once.",
    key=("message_id",),
    required=("message_id", "notification_kind", "subject_id", "created_date", "message"),
    optional=("customer_id", "location_id", "subject_date"),
)
ORDER_TRACKING = Table(
    "opt_out__order_tracking",
    "What a customer may see of an order: step, dates, what comes next; nothing of the person.",
    key=("tracking_id",),
    required=("tracking_id", "milestone_step", "milestone_name", "delay_status", "message"),
    optional=("reached_at", "current_promise_date", "predicted_p50_date", "handover_date", "model"),
)

PROMISING_OUTPUTS: tuple[Table, ...] = (
    UNIT_RESERVATION,
    UNIT_RESERVATION_ENTRY,
    UNIT_ATP,
    CAPABLE_TO_PROMISE,
    DELIVERY_PROMISE,
)
MATCHING_OUTPUTS: tuple[Table, ...] = (CUSTOMER_MATCH, MATCH_OUTCOME, MATCH_WEIGHT, MATCH_SOLVER_RUN)
BUILD_OUTPUTS: tuple[Table, ...] = (
    ORDER_CHECK,
    RULE_CHECK,
    STAGE_DURATION,
    MTO_SLOT_ASSIGNMENT,
    SLOT_LOAD,
    EXPEDITE_OPTION,
    MTO_ORDER_STATUS,
    MTO_STEP,
    MTO_PROMISE,
    MTO_EVENT_SET_ASIDE,
    MTO_CHANGE_IMPACT,
    MTO_SOLVER_RUN,
)
MESSAGE_OUTPUTS: tuple[Table, ...] = (FACTORY_MESSAGE, NOTIFICATION, ORDER_TRACKING)
ORDER_OUTPUTS: tuple[Table, ...] = (
    *PROMISING_OUTPUTS,
    *MATCHING_OUTPUTS,
    STOCK_UNIT_REVIEW,
    SUBSTITUTION_OFFER,
    *BUILD_OUTPUTS,
    *MESSAGE_OUTPUTS,
)
