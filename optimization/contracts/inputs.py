"""What the science may read: the `opt_in__` tables that leave the marts."""

from __future__ import annotations

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
    optional=("lifecycle_status", "last_order_date", "first_demand_date"),
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
    "Supply still to come, with the date on which it is expected.",
    key=("supply_order_id", "line_id"),
    required=(
        "supply_order_id",
        "line_id",
        "item_id",
        "location_id",
        "expected_date",
        "open_units",
        "supply_status",
        "is_overdue",
    ),
)

LANE = Table(
    "opt_in__lane",
    "Lanes on which stock may be moved between locations.",
    key=("from_location_id", "to_location_id"),
    required=("from_location_id", "to_location_id", "transit_days", "cost_fixed", "cost_per_unit"),
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
    ),
)

SEGMENT_DEMAND = Table(
    "opt_in__segment_demand",
    "Requests of the last 180 days and open orders per item-location and segment.",
    key=("item_id", "location_id", "segment_id"),
    required=("item_id", "location_id", "segment_id", "demand_units", "open_order_units"),
)

INPUTS: tuple[Table, ...] = (
    ITEM_LOCATION,
    DEMAND_HISTORY,
    LEAD_TIME_SAMPLE,
    OPEN_SUPPLY,
    LANE,
    SEGMENT,
    SEGMENT_DEMAND,
)
