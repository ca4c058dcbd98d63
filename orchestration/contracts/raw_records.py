"""Source tables of what is there and what happened: stock, units, orders, receipts, movements, counts."""

from __future__ import annotations

from orchestration.contracts.raw_table import PLACE_REFERENCES, STAMPS, RawTable

STOCK_ON_HAND = RawTable(
    "raw__stock_on_hand",
    "Stock by item, location and status at the close of the business date.",
    key=("item_id", "location_id", "stock_status"),
    required=("item_id", "location_id", "stock_status", "on_hand_units", *STAMPS),
    references=PLACE_REFERENCES,
)

UNIT = RawTable(
    "raw__unit",
    "Physical units (vehicles), one row each, on hand or on their way.",
    key=("unit_id",),
    required=("unit_id", "item_id", "location_id", "unit_status", *STAMPS),
    optional=(
        "is_pre_sold",
        "is_held",
        "first_seen_date",
        "last_seen_date",
        "network_received_date",
        "received_date",
        "available_from_date",
        "list_price",
        "invoice_cost",
        "model_year",
        "color",
        "options",
        "stock_category",
        "estimated_value",
        "floorplan_start_date",
        "floorplan_rate",
        "floorplan_free_days",
        "odometer_km",
        "order_id",
    ),
    is_mandatory=False,
    sets=("options",),
    references=PLACE_REFERENCES,
    event_dates=("first_seen_date", "last_seen_date", "network_received_date", "received_date"),
    disables=("unit-level stock and ageing by unit",),
    column_disables={
        "stock_category": "stock by category (all units count as standard)",
        "estimated_value": "value at risk against the market",
        "floorplan_rate": "floor-plan interest of units",
    },
)

DEMAND_LINE = RawTable(
    "raw__demand_line",
    "What customers asked for, line by line, and what became of it.",
    key=("order_id", "line_id"),
    required=(
        "order_id",
        "line_id",
        "item_id",
        "location_id",
        "order_date",
        "requested_date",
        "requested_units",
        *STAMPS,
    ),
    optional=(
        "segment_id",
        "filled_at_request_units",
        "shipped_units",
        "shipped_date",
        "delivered_date",
        "cancelled_date",
        "cancel_reason",
        "unit_price",
        "unit_cost",
        "unit_id",
        "is_lost_sale",
        "demand_type",
        "basis",
        "customer_id",
        "channel",
        "customer_type",
        "order_priority",
    ),
    role="event",
    references=PLACE_REFERENCES,
    event_dates=("order_date", "shipped_date", "delivered_date", "cancelled_date"),
    ordered_dates=(("order_date", "shipped_date"), ("shipped_date", "delivered_date")),
    column_disables={
        "segment_id": "demand and allocation by customer segment",
        "filled_at_request_units": "fill rates (demand is treated as censored)",
        "delivered_date": "delivery time",
        "unit_price": "gross margin and GMROI",
        "customer_id": "segments of orders by customer",
        "channel": "segments of orders by channel",
    },
)

SUPPLY_ORDER = RawTable(
    "raw__supply_order",
    "Open supply, line by line: purchase, factory and transfer orders.",
    key=("supply_order_id", "line_id"),
    required=(
        "supply_order_id",
        "line_id",
        "item_id",
        "location_id",
        "ordered_date",
        "ordered_units",
        "received_units",
        "supply_status",
        *STAMPS,
    ),
    optional=(
        "supplier_id",
        "from_location_id",
        "expected_date",
        "first_expected_date",
        "is_expedited",
        "unit_id",
    ),
    references=PLACE_REFERENCES,
    event_dates=("ordered_date",),
    # Open lines close every day; on a short list that is soon a fifth.
    normal_loss_rows=50,
    column_disables={
        "first_expected_date": "supplier reliability",
        "is_expedited": "expedite rate",
    },
)

RECEIPT = RawTable(
    "raw__receipt",
    "Goods received from supply.",
    key=("receipt_id",),
    required=(
        "receipt_id",
        "item_id",
        "location_id",
        "received_date",
        "received_units",
        "accepted_units",
        *STAMPS,
    ),
    optional=(
        "supply_order_id",
        "line_id",
        "supplier_id",
        "ordered_date",
        "ordered_units",
        "first_expected_date",
        "is_expedited",
    ),
    role="event",
    references=PLACE_REFERENCES,
    event_dates=("received_date", "ordered_date"),
    ordered_dates=(("ordered_date", "received_date"),),
    column_disables={
        "ordered_date": "measured lead times (master data is used)",
        "ordered_units": "short deliveries per supplier",
        "first_expected_date": "lateness per supplier",
    },
)

STOCK_MOVEMENT = RawTable(
    "raw__stock_movement",
    "Every change of on-hand stock; an opening row starts each item-location.",
    key=("movement_id",),
    required=(
        "movement_id",
        "movement_date",
        "item_id",
        "location_id",
        "movement_type",
        "quantity_units",
        *STAMPS,
    ),
    optional=("unit_id", "reference_id", "counterpart_location_id", "basis"),
    role="event",
    references=PLACE_REFERENCES,
    event_dates=("movement_date",),
    is_mandatory=False,
    disables=("daily stock, ageing by layer, turnover on daily stock, the balance check",),
)

CYCLE_COUNT = RawTable(
    "raw__cycle_count",
    "What was found when stock was counted at the close of a day; with a unit, that it was there or not.",
    key=("count_id",),
    required=(
        "count_id",
        "item_id",
        "location_id",
        "counted_date",
        "counted_units",
        "counted_by",
        *STAMPS,
    ),
    optional=("condition", "unit_id"),
    role="event",
    references=PLACE_REFERENCES,
    event_dates=("counted_date",),
    is_mandatory=False,
    disables=("audit of stock levels by counts",),
    column_disables={"condition": "audit of the condition of stock"},
)

STOCK_VALUATION = RawTable(
    "raw__stock_valuation",
    "Units and value of stock as the general ledger has them at the close of a date.",
    key=("item_id", "location_id"),
    required=("item_id", "location_id", "book_units", "book_value", "book_date", "currency", *STAMPS),
    references=PLACE_REFERENCES,
    event_dates=("book_date",),
    is_mandatory=False,
    disables=("audit of the stock's value against the general ledger",),
)
