"""Source tables of made-to-order orders, of requests for units, and of what holds a unit back."""

from __future__ import annotations

from optimization.contracts.column import Column
from orchestration.contracts.raw_table import STAMPS, RawTable

# Events come day by day, so that what they name may have come with another snapshot: an event of an
# order is compared with the orders in the marts, and not when it is sealed.
_AT_LOCATION = {"location_id": ("location", "location_id")}
# A day brings few orders, requests and events: two bad ones among them are no reason to plan nothing.
_FEW_ROWS = 20

CONFIG_OPTION = RawTable(
    "raw__config_option",
    "Options that a configuration can have.",
    key=("option_id",),
    required=("option_id", "option_family", "option_name", *STAMPS),
    optional=(
        "lead_time_class",
        "effective_from",
        "effective_to",
        "change_cutoff_milestone",
        "material_lead_days",
    ),
    members=("option_id",),
    ordered_dates=(("effective_from", "effective_to"),),
    is_mandatory=False,
    normal_loss_rows=50,
    normal_bad_rows=_FEW_ROWS,
    disables=("validation of configurations", "made-to-order orders"),
    column_disables={
        "change_cutoff_milestone": "change cut-offs per option",
        "lead_time_class": "lead-time classes of special orders",
    },
)

OPTION_PRICE = RawTable(
    "raw__option_price",
    "Price of each option from a date on.",
    key=("option_id", "effective_from"),
    required=("option_id", "effective_from", "option_price", *STAMPS),
    optional=("effective_to", "currency"),
    references={"option_id": ("config_option", "option_id")},
    ordered_dates=(("effective_from", "effective_to"),),
    is_mandatory=False,
    normal_loss_rows=50,
    normal_bad_rows=_FEW_ROWS,
    disables=("prices of configurations",),
)

CONFIGURATION_RULE = RawTable(
    "raw__configuration_rule",
    "What can be built: rules over options, versioned, by market, model and date.",
    key=("rule_id", "rule_version"),
    required=("rule_id", "rule_version", "rule_type", "then_options", *STAMPS),
    optional=("if_options", "market", "model", "effective_from", "effective_to", "message"),
    sets=("if_options", "then_options"),
    member_references={
        "if_options": ("config_option", "option_id"),
        "then_options": ("config_option", "option_id"),
    },
    members=("rule_id",),
    ordered_dates=(("effective_from", "effective_to"),),
    is_mandatory=False,
    normal_loss_rows=50,
    normal_bad_rows=_FEW_ROWS,
    disables=("validation of configurations",),
)

PRODUCTION_SLOT = RawTable(
    "raw__production_slot",
    "What each line of a plant can build per week.",
    key=("plant_id", "production_line_id", "week_start_date"),
    required=("plant_id", "production_line_id", "week_start_date", "slot_units", *STAMPS),
    optional=("min_slot_units", "is_frozen", "expedite_slot_units", "expedite_unit_cost"),
    is_mandatory=False,
    normal_loss_rows=50,
    normal_bad_rows=_FEW_ROWS,
    disables=("production slots",),
    column_disables={
        "is_frozen": "the freeze fence (no week is frozen)",
        "expedite_slot_units": "expedite options",
    },
)

SLOT_OPTION_LIMIT = RawTable(
    "raw__slot_option_limit",
    "How many orders of a week can have an option, for want of capacity or of material.",
    key=("plant_id", "week_start_date", "option_id"),
    required=("plant_id", "week_start_date", "option_id", "slot_units", *STAMPS),
    optional=("min_slot_units",),
    references={"option_id": ("config_option", "option_id")},
    is_mandatory=False,
    normal_loss_rows=50,
    normal_bad_rows=_FEW_ROWS,
    disables=("option capacity and material limits of slots",),
)

MTO_ORDER = RawTable(
    "raw__mto_order",
    "Made-to-order orders, quotes among them; the newest version of each is the one that counts.",
    key=("order_id",),
    required=(
        "order_id",
        "location_id",
        "model",
        "market",
        "order_date",
        "order_status",
        *STAMPS,
    ),
    optional=(
        "options",
        "item_id",
        "customer_id",
        "segment_id",
        "order_priority",
        "order_weight",
        "confirmed_date",
        "requested_date",
        "promised_date",
        "plant_id",
        "quoted_price",
        "quoted_fees",
        "quoted_cost",
        "final_price",
        "deposit",
        "credit_status",
        "credit_valid_to",
        "delivered_date",
        "cancelled_date",
        "cancel_reason",
        "as_built_options",
        "unit_id",
    ),
    role="event",
    sets=("options", "as_built_options"),
    references=_AT_LOCATION,
    members=("order_id",),
    event_dates=("order_date", "confirmed_date", "delivered_date", "cancelled_date"),
    ordered_dates=(
        ("order_date", "confirmed_date"),
        ("order_date", "delivered_date"),
        ("order_date", "cancelled_date"),
    ),
    is_mandatory=False,
    normal_bad_rows=_FEW_ROWS,
    disables=("made-to-order orders",),
    column_disables={
        "options": "configurations of made-to-order orders",
        "quoted_price": "prices of made-to-order orders",
        "credit_status": "orders held for credit",
        "as_built_options": "configuration accuracy",
        "promised_date": "promises made at the source",
    },
)

MTO_CHANGE_REQUEST = RawTable(
    "raw__mto_change_request",
    "Requested changes of made-to-order orders, and what was decided.",
    key=("change_id",),
    required=("change_id", "order_id", "request_date", "requested_by", "change_status", *STAMPS),
    optional=("options", "new_requested_date", "decided_date", "price_delta"),
    role="event",
    sets=("options",),
    event_dates=("request_date", "decided_date"),
    ordered_dates=(("request_date", "decided_date"),),
    is_mandatory=False,
    normal_bad_rows=_FEW_ROWS,
    disables=("changes of made-to-order orders",),
)

MTO_MILESTONE = RawTable(
    "raw__mto_milestone",
    "What was heard of each order, event by event; they may come late and in any order.",
    key=("event_id",),
    required=("event_id", "order_id", "milestone_code", "event_at", *STAMPS),
    optional=("source_seq", "planned_date"),
    role="event",
    event_dates=("event_at",),
    is_mandatory=False,
    normal_bad_rows=_FEW_ROWS,
    disables=("milestones, lead times and promises of made-to-order orders",),
)

MILESTONE_TEMPLATE = RawTable(
    "raw__milestone_template",
    "The source's milestones in the order of events; without it, the map that Stockplan knows.",
    key=("milestone_code",),
    required=(
        "milestone_code",
        "milestone_number",
        "milestone_step",
        "milestone_name",
        "is_progress",
        *STAMPS,
    ),
    optional=("planned_days",),
    is_mandatory=False,
    normal_bad_rows=_FEW_ROWS,
    disables=("milestone maps of one's own (the usual one is used)",),
)

QUALITY_EVENT = RawTable(
    "raw__quality_event",
    "Quality events of orders and units: holds, rework, defects, recalls, failures at preparation.",
    key=("quality_event_id",),
    required=("quality_event_id", "quality_kind", "opened_date", *STAMPS),
    optional=("order_id", "unit_id", "milestone_code", "severity", "closed_date", "message"),
    role="event",
    event_dates=("opened_date", "closed_date"),
    ordered_dates=(("opened_date", "closed_date"),),
    is_mandatory=False,
    normal_bad_rows=_FEW_ROWS,
    disables=("quality events",),
)

UNIT_HOLD = RawTable(
    "raw__unit_hold",
    "What holds a unit back from sale: recalls, quality, law, damage.",
    key=("hold_id",),
    required=("hold_id", "unit_id", "hold_kind", "opened_date", *STAMPS),
    optional=("closed_date", "reference_id", "message"),
    role="event",
    event_dates=("opened_date", "closed_date"),
    ordered_dates=(("opened_date", "closed_date"),),
    is_mandatory=False,
    normal_bad_rows=_FEW_ROWS,
    disables=("holds of single units (the unit's own mark is used)",),
)

CUSTOMER_REQUEST = RawTable(
    "raw__customer_request",
    "What customers look for: orders, leads and enquiries for a unit, and what became of them.",
    key=("request_id",),
    required=("request_id", "request_date", "location_id", "request_kind", *STAMPS),
    optional=(
        "customer_id",
        "segment_id",
        "order_priority",
        "model",
        "category",
        "powertrain",
        "trim",
        "color",
        "must_options",
        "wish_options",
        "max_price",
        "needed_date",
        "max_distance_km",
        "request_outcome",
        "outcome_date",
        "unit_id",
    ),
    role="event",
    sets=("must_options", "wish_options"),
    references=_AT_LOCATION,
    event_dates=("request_date", "outcome_date"),
    ordered_dates=(("request_date", "outcome_date"),),
    is_mandatory=False,
    normal_bad_rows=_FEW_ROWS,
    disables=("matching of customers and units", "availability rate"),
)

SURVEY_QUESTIONS = ("overall", "availability", "delivery")

SURVEY_RESPONSE = RawTable(
    "raw__survey_response",
    "What customers were asked about their satisfaction, question by question, and what they answered.",
    key=("survey_id", "survey_question"),
    required=("survey_id", "survey_question", "location_id", "sent_date", *STAMPS),
    optional=("answered_date", "survey_score", "segment_id", "order_id"),
    role="event",
    references=_AT_LOCATION,
    event_dates=("sent_date", "answered_date"),
    ordered_dates=(("sent_date", "answered_date"),),
    is_mandatory=False,
    normal_bad_rows=_FEW_ROWS,
    disables=("customer satisfaction",),
    redefined=(
        Column("survey_id", "text", "One survey that was sent to one customer"),
        Column("survey_question", "text", "What was asked about", isin=SURVEY_QUESTIONS),
        Column("sent_date", "date", "Day on which the survey was sent"),
        Column("answered_date", "date", "Day of the answer; null: not answered"),
        Column("survey_score", "number", "Answer, from 1 (poor) to 5 (very good)", ge=1, le=5),
    ),
)

ORDER_COST = RawTable(
    "raw__order_cost",
    "Costs and income of made-to-order orders, entry by entry.",
    key=("cost_id",),
    required=("cost_id", "order_id", "cost_date", "cost_kind", "amount", *STAMPS),
    optional=("currency",),
    role="event",
    event_dates=("cost_date",),
    is_mandatory=False,
    normal_bad_rows=_FEW_ROWS,
    disables=("margin and revenue of made-to-order orders",),
)

STOCK_CATEGORY = RawTable(
    "raw__stock_category",
    "Categories of stock: which of them are for sale and which count in the figures.",
    key=("stock_category",),
    required=("stock_category", "category_group", "is_sellable", "counts_in_kpi", *STAMPS),
    optional=("description",),
    is_mandatory=False,
    normal_bad_rows=_FEW_ROWS,
    disables=("categories of one's own (the usual ones are used)",),
)

FACTORY_ACKNOWLEDGEMENT = RawTable(
    "raw__factory_acknowledgement",
    "What plants answered to messages of the outbox.",
    key=("message_id",),
    required=("message_id", "acknowledged_at", "is_accepted", *STAMPS),
    optional=("message",),
    role="event",
    event_dates=("acknowledged_at",),
    is_mandatory=False,
    normal_bad_rows=_FEW_ROWS,
    disables=("acknowledgement of factory orders",),
)

ORDER_TABLES: tuple[RawTable, ...] = (
    CONFIG_OPTION,
    OPTION_PRICE,
    CONFIGURATION_RULE,
    PRODUCTION_SLOT,
    SLOT_OPTION_LIMIT,
    MTO_ORDER,
    MTO_CHANGE_REQUEST,
    MTO_MILESTONE,
    MILESTONE_TEMPLATE,
    QUALITY_EVENT,
    UNIT_HOLD,
    CUSTOMER_REQUEST,
    SURVEY_RESPONSE,
    ORDER_COST,
    STOCK_CATEGORY,
    FACTORY_ACKNOWLEDGEMENT,
)
