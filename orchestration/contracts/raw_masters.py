"""Source tables of what exists and on which terms: items, places, suppliers, lanes, calendars, costs."""

from __future__ import annotations

from orchestration.contracts.raw_table import PLACE_REFERENCES, STAMPS, RawTable

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
        "handover_units",
        "preparation_days",
    ),
    column_disables={
        "handover_units": "handover capacity",
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
    references=PLACE_REFERENCES,
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

CALENDAR = RawTable(
    "raw__calendar",
    "Working and selling days.",
    key=("calendar_id", "calendar_date"),
    required=("calendar_id", "calendar_date", "is_working", "is_selling", *STAMPS),
    is_mandatory=False,
    disables=("working-day and selling-day calendars",),
)

COST_PARAMETER = RawTable(
    "raw__cost_parameter",
    "Rates and costs that hold for a scope: an item kind, a category, or * for everything.",
    key=("scope", "parameter", "effective_from"),
    required=("scope", "parameter", "effective_from", "parameter_value", *STAMPS),
    is_mandatory=False,
    disables=("the company's own carrying-cost rates (defaults are used)",),
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
