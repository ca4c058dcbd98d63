"""Where each value of the demo comes from, per table and column; (`table`, `*`) is the default.

`recorded`: as the scraped file says. `inferred`: concluded from when units were seen.
`generated`: made by the seeded generator. `default`: a constant or a rule of thumb.
The labels speak of the rows of real vehicles (source_system `vehicle_sample`). Rows with
source_system `generator` (parts, and everything dated before the first snapshot) are generated
in every column.
"""

from __future__ import annotations

from orchestration.ims.connector import Origin

_GENERATED_TABLES = (
    "supplier", "item_supplier", "lane", "segment", "calendar", "event_calendar", "cost_parameter",
    "policy_review", "external_driver", "consensus_plan", "item_relation", "price_break", "registration",
    "competitor_price", "allocation_group", "segment_rule", "segment_membership", "allocation_rule",
    "cycle_count", "stock_valuation", "config_option", "option_price", "configuration_rule",
    "production_slot", "slot_option_limit", "mto_order", "mto_change_request", "mto_milestone",
    "milestone_template", "quality_event", "unit_hold", "customer_request", "order_cost", "stock_category",
    "factory_acknowledgement",
)  # fmt: skip

_RECORDED = {
    "item": ("item_id", "description", "model", "trim", "powertrain", "list_price"),
    "location": ("location_id", "region"),
    "item_location": ("item_id", "location_id"),
    "stock_on_hand": ("item_id", "location_id"),
    "unit": (
        "unit_id", "item_id", "location_id", "unit_status", "is_pre_sold", "is_held", "first_seen_date",
        "last_seen_date", "list_price", "model_year", "color",
    ),
    "demand_line": ("item_id", "location_id", "unit_id"),
    "supply_order": ("item_id", "location_id", "unit_id", "supply_status"),
    "receipt": ("item_id", "location_id"),
    "stock_movement": ("item_id", "location_id", "unit_id", "counterpart_location_id"),
}  # fmt: skip
_INFERRED = {
    "item_location": ("is_ranged",),
    "stock_on_hand": ("*", "stock_status", "on_hand_units"),
    "unit": ("network_received_date", "received_date", "available_from_date"),
    "demand_line": (
        "order_date", "requested_date", "filled_at_request_units", "shipped_units", "shipped_date",
        "cancelled_date", "cancel_reason", "is_lost_sale", "basis",
    ),
    "supply_order": ("*", "ordered_date"),
    "receipt": ("*", "received_date", "received_units", "accepted_units", "ordered_date"),
    "stock_movement": ("*", "movement_date", "movement_type", "quantity_units", "basis"),
}  # fmt: skip
_GENERATED = {
    "item": ("unit_cost", "intro_date", "criticality", "volume_m3"),
    "location": (
        "latitude", "longitude", "storage_m3", "handling_units", "handover_units", "preparation_days",
    ),
    "item_location": ("*", "current_min_units", "current_max_units"),
    "unit": (
        "invoice_cost", "options", "stock_category", "estimated_value", "floorplan_start_date",
        "floorplan_rate", "floorplan_free_days", "odometer_km",
    ),
    "demand_line": (
        "*", "order_id", "line_id", "segment_id", "delivered_date", "unit_price", "unit_cost", "demand_type",
        "customer_id", "channel", "customer_type", "order_priority",
    ),
    "supply_order": ("supply_order_id", "line_id", "supplier_id", "expected_date", "first_expected_date"),
    "receipt": ("receipt_id", "supply_order_id", "line_id", "supplier_id", "first_expected_date"),
    "stock_movement": ("movement_id", "reference_id"),
}  # fmt: skip
_DEFAULT = {
    "item": ("*", "item_kind", "category", "base_uom", "is_integer", "currency", "lifecycle_status"),
    "location": ("*", "location_type", "is_active"),
    "item_location": ("stockout_behaviour", "service_target", "service_metric", "review_days"),
    "unit": ("*",),
    "supply_order": ("ordered_units", "received_units", "is_expedited"),
    "receipt": ("is_expedited", "ordered_units"),
}

ORIGINS: dict[tuple[str, str], Origin] = {(table, "*"): "generated" for table in _GENERATED_TABLES}
_BY_ORIGIN: tuple[tuple[Origin, dict[str, tuple[str, ...]]], ...] = (
    ("recorded", _RECORDED),
    ("inferred", _INFERRED),
    ("generated", _GENERATED),
    ("default", _DEFAULT),
)
for _origin, _tables in _BY_ORIGIN:
    for _table, _columns in _tables.items():
        for _column in _columns:
            if (_table, _column) in ORIGINS:
                raise ValueError(f"{_table}.{_column} has two origins")
            ORIGINS[_table, _column] = _origin
