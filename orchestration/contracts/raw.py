"""The source contract: every table a snapshot may hold, stated from the shared columns.

A new source table is added here, to the staging models, to the demo or generator, and to the
features that its absence disables (`disables`), all in one change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from optimization.contracts.table import Table


@dataclass(frozen=True)
class RawTable(Table):
    """A source table: a border table plus what sealing has to know about it.

    `role`: a `state` table comes whole with each snapshot, an `event` table as what is new.
    `is_mandatory`: without it a snapshot is refused; without another one, `disables` is listed
    in the capability report and an empty table takes its place.
    `event_dates`: columns whose date may not lie after the business date.
    `ordered_dates`: pairs (earlier, later) that may not be the other way round.
    `references`: column -> (table, column) that must hold its value.
    `expected_columns`: columns that a snapshot must carry; the rest of `required` have defaults.
    `column_disables`: optional column -> the feature that its absence disables.
    `acyclic`: columns (from, to) whose rows, where `acyclic_where` holds, may not lead in a circle.
    `normal_loss_rows`: rows that a state table may lose from one day to the next whatever their
    share; more than that, and more than the allowed share, refuses the snapshot.
    """

    role: Literal["state", "event"] = "state"
    is_mandatory: bool = True
    event_dates: tuple[str, ...] = ()
    ordered_dates: tuple[tuple[str, str], ...] = ()
    references: dict[str, tuple[str, str]] = field(default_factory=dict)
    disables: tuple[str, ...] = ()
    column_disables: dict[str, str] = field(default_factory=dict)
    acyclic: tuple[str, str] | None = None
    acyclic_where: tuple[str, str] | None = None
    normal_loss_rows: int = 0

    @property
    def source_name(self) -> str:
        """The table's name at the source, without the layer's prefix."""
        return self.name.removeprefix("raw__")


# Columns every raw table carries. A source that lacks them gets the connector's name and the
# end of the business date.
STAMPS = ("source_system", "loaded_at")

_ITEM = {"item_id": ("item", "item_id")}
_PLACE = {"item_id": ("item", "item_id"), "location_id": ("location", "location_id")}

ITEM = RawTable(
    "raw__item",
    "Items: parts, accessories and vehicle configurations.",
    key=("item_id",),
    required=(
        "item_id",
        "item_kind",
        "description",
        "category",
        "base_uom",
        "is_integer",
        "unit_cost",
        "currency",
        *STAMPS,
    ),
    optional=(
        "list_price",
        "lifecycle_status",
        "intro_date",
        "last_order_date",
        "criticality",
        "model",
        "trim",
        "powertrain",
        "model_year",
        "volume_m3",
        "shelf_life_days",
    ),
    column_disables={
        "list_price": "gross margin on list price",
        "lifecycle_status": "end-of-life handling",
        "criticality": "criticality classes",
        "model": "forecast by model",
        "volume_m3": "storage limits",
        "shelf_life_days": "order quantities within shelf life",
    },
)

LOCATION = RawTable(
    "raw__location",
    "Stocking locations.",
    key=("location_id",),
    required=("location_id", "location_type", "region", "is_active", *STAMPS),
    optional=(
        "timezone",
        "latitude",
        "longitude",
        "capacity_units",
        "parent_location_id",
        "storage_m3",
        "handling_units",
        "purchase_budget",
    ),
    column_disables={
        "capacity_units": "storage limits",
        "latitude": "distances between locations",
        "storage_m3": "storage limits by volume",
        "handling_units": "limits on what a location sends out in a day",
        "purchase_budget": "purchase budgets per location",
    },
)

ITEM_LOCATION = RawTable(
    "raw__item_location",
    "Which item is ranged where, and on what terms.",
    key=("item_id", "location_id"),
    required=("item_id", "location_id", "is_ranged", "stockout_behaviour", *STAMPS),
    optional=(
        "current_min_units",
        "current_max_units",
        "display_min_units",
        "holding_rate",
        "shortage_cost",
        "service_target",
        "service_metric",
        "review_days",
    ),
    references=_PLACE,
    column_disables={
        "current_min_units": "comparison with the source system's own minimum",
        "service_target": "service targets per item-location",
        "shortage_cost": "stated shortage costs",
    },
)

SUPPLIER = RawTable(
    "raw__supplier",
    "Suppliers and factories.",
    key=("supplier_id",),
    required=("supplier_id", "supplier_name", *STAMPS),
    optional=("country", "min_order_value"),
)

ITEM_SUPPLIER = RawTable(
    "raw__item_supplier",
    "Who supplies what, where to, on which terms; location_id * holds for every location.",
    key=("item_id", "supplier_id", "location_id"),
    required=("item_id", "supplier_id", "location_id", "lead_time_days", "is_primary", *STAMPS),
    optional=("moq_units", "lot_units", "order_cost", "unit_price", "moq_scope", "case_pack_units"),
    references={"item_id": ("item", "item_id"), "supplier_id": ("supplier", "supplier_id")},
    column_disables={
        "moq_units": "minimum order quantities",
        "lot_units": "lot sizes",
        "moq_scope": "minimum quantities over a whole order or supplier (each line is held to them)",
        "case_pack_units": "case packs",
    },
)

LANE = RawTable(
    "raw__lane",
    "Lanes between locations.",
    key=("from_location_id", "to_location_id"),
    required=(
        "from_location_id",
        "to_location_id",
        "transit_days",
        "cost_fixed",
        "cost_per_unit",
        "is_allowed",
        *STAMPS,
    ),
    optional=("min_units", "multiple_units", "capacity_m3", "capacity_units"),
    is_mandatory=False,
    references={
        "from_location_id": ("location", "location_id"),
        "to_location_id": ("location", "location_id"),
    },
    disables=("balancing between locations",),
    column_disables={
        "min_units": "least quantities of a transfer",
        "multiple_units": "transfers in multiples",
        "capacity_m3": "lane capacities by volume",
        "capacity_units": "lane capacities in units",
    },
)

SEGMENT = RawTable(
    "raw__segment",
    "Customer segments.",
    key=("segment_id",),
    required=("segment_id", "segment_name", "priority_tier", *STAMPS),
    optional=("service_target", "ring_fence_share", "cap_share", "fair_weight"),
    is_mandatory=False,
    disables=("allocation to customer segments",),
)

CALENDAR = RawTable(
    "raw__calendar",
    "Working and selling days.",
    key=("calendar_id", "calendar_date"),
    required=("calendar_id", "calendar_date", "is_working", "is_selling", *STAMPS),
    is_mandatory=False,
    disables=("working-day and selling-day calendars",),
)

EVENT_CALENDAR = RawTable(
    "raw__event_calendar",
    "Promotions, holidays and other dated events, known from published_date on.",
    key=("event_id",),
    required=("event_id", "event_type", "scope", "start_date", "end_date", "published_date", *STAMPS),
    optional=("planned_uplift", "location_scope"),
    is_mandatory=False,
    ordered_dates=(("start_date", "end_date"),),
    disables=("promotions and holidays in demand",),
    column_disables={"location_scope": "events of one region or location"},
)

EXTERNAL_DRIVER = RawTable(
    "raw__external_driver",
    "Values of external drivers of demand; a value counts from its published_date on, a later "
    "one for the same date revises it.",
    key=("driver", "scope", "driver_date", "published_date"),
    required=("driver", "scope", "driver_date", "driver_value", "published_date", *STAMPS),
    is_mandatory=False,
    disables=("external drivers of demand",),
    normal_loss_rows=50,
)

CONSENSUS_PLAN = RawTable(
    "raw__consensus_plan",
    "Demand that sales and supply agreed on, by month; only approved versions count.",
    key=("plan_version", "scope", "location_scope", "month_start_date"),
    required=(
        "plan_version",
        "scope",
        "location_scope",
        "month_start_date",
        "planned_units",
        "plan_status",
        *STAMPS,
    ),
    optional=("submitted_by", "approved_by", "approved_date"),
    is_mandatory=False,
    event_dates=("approved_date",),
    disables=("consensus plans in the forecast",),
    column_disables={"approved_date": "the consensus plan's own error (approval counts from loading)"},
    normal_loss_rows=50,
)

ITEM_RELATION = RawTable(
    "raw__item_relation",
    "Which item supersedes or substitutes another, is in its kit or is its accessory.",
    key=("from_item_id", "to_item_id", "relation_type"),
    required=("from_item_id", "to_item_id", "relation_type", "effective_from", *STAMPS),
    optional=("ratio", "is_two_way"),
    is_mandatory=False,
    references={"from_item_id": ("item", "item_id"), "to_item_id": ("item", "item_id")},
    acyclic=("from_item_id", "to_item_id"),
    acyclic_where=("relation_type", "supersedes"),
    disables=("history of superseded items on their successors",),
)

PRICE_BREAK = RawTable(
    "raw__price_break",
    "Prices of a supplier that hang on the quantity ordered.",
    key=("item_id", "supplier_id", "min_quantity_units"),
    required=("item_id", "supplier_id", "min_quantity_units", "unit_price", "price_scheme", *STAMPS),
    is_mandatory=False,
    references={"item_id": ("item", "item_id"), "supplier_id": ("supplier", "supplier_id")},
    disables=("quantity discounts in order quantities",),
)

REGISTRATION = RawTable(
    "raw__registration",
    "New registrations of the market by month, own and competing brands; a later published_date "
    "revises the month.",
    key=("month_start_date", "region", "market_segment", "brand", "model", "published_date"),
    required=(
        "month_start_date",
        "region",
        "market_segment",
        "brand",
        "model",
        "is_own_brand",
        "registered_units",
        "published_date",
        *STAMPS,
    ),
    is_mandatory=False,
    disables=("market share and its trend",),
    normal_loss_rows=50,
)

COMPETITOR_PRICE = RawTable(
    "raw__competitor_price",
    "What competing brands ask for a vehicle that competes with one of our models.",
    key=("price_date", "model", "brand", "published_date"),
    required=("price_date", "model", "brand", "competitor_price", "published_date", *STAMPS),
    is_mandatory=False,
    disables=("price gap against competitors",),
    normal_loss_rows=50,
)

COST_PARAMETER = RawTable(
    "raw__cost_parameter",
    "Rates and costs that hold for a scope: an item kind, a category, or * for everything.",
    key=("scope", "parameter", "effective_from"),
    required=("scope", "parameter", "effective_from", "parameter_value", *STAMPS),
    is_mandatory=False,
    disables=("the company's own carrying-cost rates (defaults are used)",),
)

STOCK_ON_HAND = RawTable(
    "raw__stock_on_hand",
    "Stock by item, location and status at the close of the business date.",
    key=("item_id", "location_id", "stock_status"),
    required=("item_id", "location_id", "stock_status", "on_hand_units", *STAMPS),
    references=_PLACE,
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
    ),
    is_mandatory=False,
    references=_PLACE,
    event_dates=("first_seen_date", "last_seen_date", "network_received_date", "received_date"),
    disables=("unit-level stock and ageing by unit",),
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
    ),
    role="event",
    references=_PLACE,
    event_dates=("order_date", "shipped_date", "delivered_date", "cancelled_date"),
    ordered_dates=(("order_date", "shipped_date"), ("shipped_date", "delivered_date")),
    column_disables={
        "segment_id": "demand and allocation by customer segment",
        "filled_at_request_units": "fill rates (demand is treated as censored)",
        "delivered_date": "delivery time",
        "unit_price": "gross margin and GMROI",
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
    references=_PLACE,
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
    references=_PLACE,
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
    references=_PLACE,
    event_dates=("movement_date",),
    is_mandatory=False,
    disables=("daily stock, ageing by layer, turnover on daily stock, the balance check",),
)

POLICY_REVIEW = RawTable(
    "raw__policy_review",
    "Completed reviews of the stock policies.",
    key=("review_id",),
    required=("review_id", "scope", "review_due_date", *STAMPS),
    optional=("review_completed_date", "reviewer"),
    role="event",
    is_mandatory=False,
    event_dates=("review_completed_date",),
    disables=("evidence of the review cadence",),
)

RAW_TABLES: tuple[RawTable, ...] = (
    ITEM,
    LOCATION,
    ITEM_LOCATION,
    SUPPLIER,
    ITEM_SUPPLIER,
    LANE,
    SEGMENT,
    CALENDAR,
    EVENT_CALENDAR,
    COST_PARAMETER,
    STOCK_ON_HAND,
    UNIT,
    DEMAND_LINE,
    SUPPLY_ORDER,
    RECEIPT,
    STOCK_MOVEMENT,
    POLICY_REVIEW,
    EXTERNAL_DRIVER,
    CONSENSUS_PLAN,
    ITEM_RELATION,
    PRICE_BREAK,
    REGISTRATION,
    COMPETITOR_PRICE,
)
RAW_BY_NAME: dict[str, RawTable] = {table.source_name: table for table in RAW_TABLES}
