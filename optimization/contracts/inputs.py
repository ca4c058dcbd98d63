"""What the science may read: the `opt_in__` tables that leave the marts."""

from __future__ import annotations

from optimization.contracts.allocation_tables import ALLOCATION_INPUTS
from optimization.contracts.order_inputs import ORDER_INPUTS
from optimization.contracts.table import Table

ITEM_LOCATION = Table(
    "opt_in__item_location",
    "One row per ranged item-location: its position, its terms and its service target.",
    key=("item_id", "location_id"),
    required=(
        "item_id",
        "location_id",
        "as_of",
        "item_kind",
        "category",
        "region",
        "is_integer",
        "unit_cost",
        "on_hand_units",
        "reserved_units",
        "on_order_units",
        "in_transit_units",
        "backorder_units",
        "inventory_position_units",
        "stockout_behaviour",
        "service_target",
        "service_metric",
        "holding_rate",
        "shortage_cost",
        "review_days",
        "supplier_id",
        "lead_time_days",
        "order_cost",
        "moq_units",
        "lot_units",
        "display_min_units",
        "oldest_age_days",
    ),
    optional=(
        "lifecycle_status",
        "last_order_date",
        "first_demand_date",
        "intro_date",
        "model",
        "trim",
        "powertrain",
        "model_year",
        "criticality",
        "list_price",
        "shelf_life_days",
        "moq_scope",
        "case_pack_units",
        "current_min_units",
        "current_max_units",
        "min_order_value",
        "volume_m3",
        "aged_units",
    ),
)

DEMAND_HISTORY = Table(
    "opt_in__demand_history",
    "Weekly requests per item-location; a week that is absent after the first demand is an "
    "observed zero, a week with censored_days is not wholly known.",
    key=("item_id", "location_id", "bucket_start_date"),
    required=(
        "item_id",
        "location_id",
        "bucket_start_date",
        "demand_units",
        "sold_units",
        "censored_days",
        "bucket_days",
    ),
)

LEAD_TIME_SAMPLE = Table(
    "opt_in__lead_time_sample",
    "One row per supply order line: days to receipt, or days waited so far (censored).",
    key=("supply_order_id", "line_id", "receipt_id"),
    required=(
        "supply_order_id",
        "line_id",
        "receipt_id",
        "supplier_id",
        "item_id",
        "location_id",
        "category",
        "ordered_date",
        "lead_time_days",
        "is_censored",
    ),
)

OPEN_SUPPLY = Table(
    "opt_in__open_supply",
    "Supply still to come, with the date on which it is expected. Lines that are not counted are "
    "too long overdue to net against need; they are here so that nobody forgets them.",
    key=("supply_order_id", "line_id"),
    required=(
        "supply_order_id",
        "line_id",
        "item_id",
        "location_id",
        "expected_date",
        "open_units",
        "supply_status",
        "ordered_date",
        "stated_date",
        "is_overdue",
        "overdue_days",
        "is_counted",
    ),
    optional=("supplier_id", "first_expected_date"),
)

SUPPLY_LINE = Table(
    "opt_in__supply_line",
    "One row per supply order line on a supplier: what was ordered, what came, when and against "
    "which first date.",
    key=("supply_order_id", "line_id"),
    required=(
        "supply_order_id",
        "line_id",
        "supplier_id",
        "item_id",
        "location_id",
        "received_units",
        "accepted_units",
        "is_open",
    ),
    optional=("ordered_date", "first_expected_date", "last_received_date", "ordered_units"),
)

LANE = Table(
    "opt_in__lane",
    "Lanes on which stock may be moved between locations; a limit that is null binds nothing.",
    key=("from_location_id", "to_location_id"),
    required=("from_location_id", "to_location_id", "transit_days", "cost_fixed", "cost_per_unit"),
    optional=("min_units", "multiple_units", "capacity_m3", "capacity_units"),
)

LOCATION_LIMIT = Table(
    "opt_in__location_limit",
    "What a location can hold, move out in a day and spend in a day; null is no limit.",
    key=("location_id",),
    required=("location_id",),
    optional=("capacity_units", "storage_m3", "handling_units", "purchase_budget"),
)

UNIT = Table(
    "opt_in__unit",
    "Physical units on hand, of items that are counted one by one, and which of them may move.",
    key=("unit_id",),
    required=("unit_id", "item_id", "location_id", "is_movable"),
    optional=("received_date", "network_received_date", "age_days", "model_year"),
)

RECENT_TRANSFER = Table(
    "opt_in__recent_transfer",
    "What was moved between two locations in the last 90 days, or is on its way.",
    key=("item_id", "from_location_id", "to_location_id"),
    required=("item_id", "from_location_id", "to_location_id", "last_moved_date", "moved_units"),
)

SEGMENT = Table(
    "opt_in__segment",
    "Customer segments with their tier, guarantee and cap.",
    key=("segment_id",),
    required=(
        "segment_id",
        "priority_tier",
        "fair_weight",
        "ring_fence_share",
        "cap_share",
        "segment_path",
        "group_depth",
        "may_borrow",
        "borrow_ratio",
        "borrow_repays",
    ),
    optional=("service_target", "borrow_cap_units", "borrow_days", "release_after_days"),
)

SEGMENT_DEMAND = Table(
    "opt_in__segment_demand",
    "Requests of the last 180 days and open orders per item-location and segment.",
    key=("item_id", "location_id", "segment_id"),
    required=(
        "item_id",
        "location_id",
        "segment_id",
        "demand_units",
        "open_order_units",
        "recent_week_units",
        "weekly_mean_units",
        "weekly_sd_units",
    ),
    optional=("unit_margin",),
)

DEMAND_EVENT = Table(
    "opt_in__demand_event",
    "Dated events that move demand, known from published_date on, each with the level its scopes "
    "name: the column of opt_in__item_location that the scope's value has to equal.",
    key=("event_id",),
    required=(
        "event_id",
        "event_type",
        "scope_level",
        "scope",
        "location_scope_level",
        "location_scope",
        "start_date",
        "end_date",
        "published_date",
        "planned_uplift",
    ),
)

EXTERNAL_DRIVER = Table(
    "opt_in__external_driver",
    "Values of external drivers as published by the business date, earlier versions too: at any "
    "origin the newest version published by then counts.",
    key=("driver", "scope_level", "scope", "driver_date", "published_date"),
    required=("driver", "scope_level", "scope", "driver_date", "published_date", "driver_value"),
)

CONSENSUS_PLAN = Table(
    "opt_in__consensus_plan",
    "The consensus plan by month at the level it was given, every version; a version counts from "
    "its approved_date on.",
    key=(
        "plan_version",
        "scope_level",
        "scope",
        "location_scope_level",
        "location_scope",
        "bucket_start_date",
    ),
    required=(
        "plan_version",
        "scope_level",
        "scope",
        "location_scope_level",
        "location_scope",
        "bucket_start_date",
        "bucket_end_date",
        "planned_units",
        "plan_status",
        "is_approved",
    ),
    optional=("approved_date", "submitted_by", "approved_by"),
)

ITEM_RELATION = Table(
    "opt_in__item_relation",
    "Which item supersedes or substitutes another, is in its kit or is its accessory.",
    key=("from_item_id", "to_item_id", "relation_type"),
    required=("from_item_id", "to_item_id", "relation_type", "effective_from", "ratio", "is_two_way"),
)

PRICE_BREAK = Table(
    "opt_in__price_break",
    "Price of an item at its supplier by quantity ordered; the first break of each starts at 0.",
    key=("item_id", "supplier_id", "min_quantity_units"),
    required=("item_id", "supplier_id", "min_quantity_units", "unit_price", "price_scheme"),
)

INPUTS: tuple[Table, ...] = (
    ITEM_LOCATION,
    DEMAND_HISTORY,
    LEAD_TIME_SAMPLE,
    OPEN_SUPPLY,
    SUPPLY_LINE,
    LANE,
    LOCATION_LIMIT,
    UNIT,
    RECENT_TRANSFER,
    SEGMENT,
    SEGMENT_DEMAND,
    *ALLOCATION_INPUTS,
    DEMAND_EVENT,
    EXTERNAL_DRIVER,
    CONSENSUS_PLAN,
    ITEM_RELATION,
    PRICE_BREAK,
    *ORDER_INPUTS,
)
