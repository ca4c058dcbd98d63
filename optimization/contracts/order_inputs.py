"""What the orders' side reads: from the marts, and from the ledger's family `unit`."""

from __future__ import annotations

from optimization.contracts.table import Table

# --- made to order

CONFIG_OPTION = Table(
    "opt_in__config_option",
    "Options of configurations with today's price; also those that are no longer or not yet offered.",
    key=("option_id",),
    required=("option_id", "option_family", "option_name", "lead_time_class"),
    optional=(
        "option_price",
        "effective_from",
        "effective_to",
        "change_cutoff_milestone",
        "material_lead_days",
    ),
)
CONFIGURATION_RULE = Table(
    "opt_in__configuration_rule",
    "Every version of every rule on configurations; which ones hold is a matter of date, market and model.",
    key=("rule_id", "rule_version"),
    required=("rule_id", "rule_version", "rule_type", "then_options"),
    optional=("if_options", "market", "model", "effective_from", "effective_to", "message"),
)
PRODUCTION_SLOT = Table(
    "opt_in__production_slot",
    "Slots per line and week, from the week of the business date on.",
    key=("plant_id", "production_line_id", "week_start_date"),
    required=(
        "plant_id",
        "production_line_id",
        "week_start_date",
        "slot_units",
        "min_slot_units",
        "is_frozen",
        "expedite_slot_units",
        "expedite_unit_cost",
    ),
)
SLOT_OPTION_LIMIT = Table(
    "opt_in__slot_option_limit",
    "Orders with an option that a plant can build in a week, from the week of the business date on.",
    key=("plant_id", "week_start_date", "option_id"),
    required=("plant_id", "week_start_date", "option_id", "slot_units", "min_slot_units"),
)
MTO_ORDER = Table(
    "opt_in__mto_order",
    "Made-to-order orders as known at the business date, closed ones of the history among them.",
    key=("order_id",),
    required=(
        "order_id",
        "location_id",
        "region",
        "model",
        "market",
        "options",
        "order_date",
        "order_status",
        "order_priority",
        "order_weight",
        "credit_status",
        "lead_time_class",
    ),
    optional=(
        "item_id",
        "category",
        "customer_id",
        "segment_id",
        "confirmed_date",
        "requested_date",
        "promised_date",
        "plant_id",
        "quoted_price",
        "quoted_fees",
        "quoted_cost",
        "final_price",
        "deposit",
        "credit_valid_to",
        "delivered_date",
        "cancelled_date",
        "cancel_reason",
        "as_built_options",
        "unit_id",
    ),
)
MTO_CHANGE_REQUEST = Table(
    "opt_in__mto_change_request",
    "Requested changes; options null means that the options stay.",
    key=("change_id",),
    required=("change_id", "order_id", "request_date", "requested_by", "change_status"),
    optional=("options", "new_requested_date", "decided_date", "price_delta"),
)
MTO_MILESTONE = Table(
    "opt_in__mto_milestone",
    "Milestone events as the source told them, in any order, repeated ones among them.",
    key=("event_id",),
    required=("event_id", "order_id", "milestone_code", "event_at"),
    optional=("source_seq", "planned_date"),
)
MILESTONE_TEMPLATE = Table(
    "opt_in__milestone_template",
    "The source's own milestones; empty where it states none.",
    key=("milestone_code",),
    required=("milestone_code", "milestone_number", "milestone_step", "milestone_name", "is_progress"),
    optional=("planned_days",),
)
QUALITY_EVENT = Table(
    "opt_in__quality_event",
    "Quality events of orders and units.",
    key=("quality_event_id",),
    required=("quality_event_id", "quality_kind", "opened_date"),
    optional=("order_id", "unit_id", "milestone_code", "severity", "closed_date"),
)
FACTORY_ACKNOWLEDGEMENT = Table(
    "opt_in__factory_acknowledgement",
    "What plants answered.",
    key=("message_id",),
    required=("message_id", "acknowledged_at", "is_accepted"),
    optional=("message",),
)

# --- units, requests, promises from stock

STOCK_UNIT = Table(
    "opt_in__stock_unit",
    "Every unit in stock or on its way, with all that decides whom it can be promised to.",
    key=("unit_id",),
    required=(
        "unit_id",
        "item_id",
        "location_id",
        "region",
        "category",
        "unit_status",
        "stock_category",
        "category_group",
        "is_sellable",
        "counts_in_kpi",
        "is_pre_sold",
        "is_held",
        "is_unseen",
        "unit_cost",
        "preparation_days",
    ),
    optional=(
        "latitude",
        "longitude",
        "model",
        "trim",
        "powertrain",
        "color",
        "options",
        "model_year",
        "list_price",
        "estimated_value",
        "network_received_date",
        "received_date",
        "available_from_date",
        "age_days",
        "location_age_days",
        "floorplan_start_date",
        "floorplan_rate",
        "floorplan_free_days",
        "supply_order_id",
        "line_id",
        "order_id",
    ),
)
UNIT_HOLD = Table(
    "opt_in__unit_hold",
    "Holds of units, closed ones among them.",
    key=("hold_id",),
    required=("hold_id", "unit_id", "hold_kind", "opened_date"),
    optional=("closed_date", "reference_id", "message"),
)
UNIT_SALE = Table(
    "opt_in__unit_sale",
    "Units that were sold within the history: how old they were, what was paid, and by whom.",
    key=("unit_id", "sold_date"),
    required=("unit_id", "item_id", "location_id", "category", "sold_date"),
    optional=(
        "received_date",
        "age_days",
        "list_price",
        "sold_price",
        "unit_cost",
        "model",
        "trim",
        "color",
        "segment_id",
        "order_id",
        "customer_id",
    ),
)
CUSTOMER_REQUEST = Table(
    "opt_in__customer_request",
    "Requests of customers for a unit: the open ones, and those of the history with their outcome.",
    key=("request_id",),
    required=(
        "request_id",
        "request_date",
        "location_id",
        "region",
        "request_kind",
        "request_outcome",
        "order_priority",
    ),
    optional=(
        "latitude",
        "longitude",
        "customer_id",
        "segment_id",
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
        "outcome_date",
        "unit_id",
    ),
)
OPEN_ORDER_LINE = Table(
    "opt_in__open_order_line",
    "Customers' order lines that still wait for units.",
    key=("order_id", "line_id"),
    required=(
        "order_id",
        "line_id",
        "item_id",
        "location_id",
        "segment_id",
        "order_date",
        "requested_date",
        "open_units",
        "order_priority",
        "priority_tier",
    ),
    optional=("customer_id", "unit_id"),
)
HANDOVER_CAPACITY = Table(
    "opt_in__handover_capacity",
    "Handovers that a place can do in a day, and the days of preparation before one.",
    key=("location_id",),
    required=("location_id", "preparation_days"),
    optional=("handover_units",),
)

# --- from the ledger

UNIT_EVENT = Table(
    "ledger__unit_event",
    "What was done to single units, up to the business date, as the ledger holds it.",
    key=("event_id",),
    required=(
        "event_id",
        "ledger_seq",
        "event_at",
        "business_date",
        "unit_operation",
        "unit_id",
        "reservation_id",
        "actor",
    ),
    optional=("customer_id", "order_id", "order_priority", "expires_at", "hold_kind", "note"),
)

ORDER_INPUTS: tuple[Table, ...] = (
    CONFIG_OPTION,
    CONFIGURATION_RULE,
    PRODUCTION_SLOT,
    SLOT_OPTION_LIMIT,
    MTO_ORDER,
    MTO_CHANGE_REQUEST,
    MTO_MILESTONE,
    MILESTONE_TEMPLATE,
    QUALITY_EVENT,
    FACTORY_ACKNOWLEDGEMENT,
    STOCK_UNIT,
    UNIT_HOLD,
    UNIT_SALE,
    CUSTOMER_REQUEST,
    OPEN_ORDER_LINE,
    HANDOVER_CAPACITY,
)
