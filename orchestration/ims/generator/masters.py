"""Source tables of what exists: items, places, terms, calendars, costs, reviews.

Each function takes facts (see `catalogue`) and a business date and returns one source table.
What is published later than the business date is not in it.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from orchestration.ims.generator.arrow_columns import (
    NEVER,
    dates,
    fixed_width_ids,
    repeated,
    source_table,
    texts,
    to_date,
    to_day,
)
from orchestration.ims.generator.catalogue import (
    BEHAVIOURS,
    CATEGORIES,
    CRITICALITIES,
    LIFECYCLES,
    LOCATIONS_PER_ITEM,
    REVIEW_DAYS,
    SERVICE_TARGETS,
    ItemLocations,
    Items,
    Suppliers,
)
from orchestration.ims.generator.counters import Floats, Ints, stream, uniform
from orchestration.ims.generator.demand import Horizon, Promotions, is_selling, is_working
from orchestration.ims.generator.documents import Names, supplier_ids

CALENDAR_ID = "default"
SHELF_LIFE_DAYS = 540.0
_COUNTRIES = ("US", "MX", "JP", "DE", "CN")
_CALENDAR_DAYS_AHEAD = 180
COST_PARAMETERS = {
    "wacc": 0.09,
    "storage": 0.04,
    "insurance": 0.01,
    "obsolescence": 0.04,
    "order_cost": 25.0,
}


def item_table(seed: int, items: Items, names: Names, as_of: int) -> pa.Table:
    """Items with their costs and attributes."""
    intro = to_day(date(2008, 1, 1)) + (uniform(stream(seed, "item/intro"), items.index) * 4000).astype(
        np.int64
    )
    number = fixed_width_ids(" ", (items.index, 6))
    category = texts(list(CATEGORIES), items.category)
    rows = len(items.index)
    return source_table(
        "item",
        {
            "item_id": names.item(items.index),
            "item_kind": texts(["part", "accessory"], items.is_accessory.astype(np.int8)),
            "description": pa.compute.binary_join_element_wise(category, number, " part"),
            "category": category,
            "base_uom": repeated("EA", rows, pa.string()),
            "is_integer": repeated(True, rows, pa.bool_()),
            "unit_cost": pa.array(items.unit_cost),
            "currency": repeated("USD", rows, pa.string()),
            "list_price": pa.array(items.list_price),
            "lifecycle_status": texts(list(LIFECYCLES), items.lifecycle),
            "intro_date": dates(intro),
            "criticality": texts(list(CRITICALITIES), items.criticality),
            "volume_m3": pa.array(items.volume_m3),
            "shelf_life_days": pa.array(
                np.full(rows, SHELF_LIFE_DAYS), mask=items.category != CATEGORIES.index("Fluids")
            ),
        },
        source=names.source,
        known=as_of,
    )


def location_table(seed: int, regions: int, names: Names, as_of: int) -> pa.Table:
    """Locations of the first `regions` regions; the first of each region is its depot."""
    number = np.arange(regions * LOCATIONS_PER_ITEM)
    region = number // LOCATIONS_PER_ITEM
    is_depot = number % LOCATIONS_PER_ITEM == 0
    latitude, longitude = _positions(seed, number)
    return source_table(
        "location",
        {
            "location_id": names.location(number),
            "location_type": texts(["dealer", "depot"], is_depot.astype(np.int8)),
            "region": fixed_width_ids("R", (region, 3)),
            "is_active": repeated(True, len(number), pa.bool_()),
            "timezone": repeated("America/Denver", len(number), pa.string()),
            "latitude": pa.array(latitude),
            "longitude": pa.array(longitude),
            "storage_m3": pa.array(np.round(40 + 100 * uniform(stream(seed, "location/storage"), number))),
            "handling_units": pa.array(
                np.round(60 + 140 * uniform(stream(seed, "location/handling"), number))
            ),
            "handover_units": pa.array(np.round(1 + 3 * uniform(stream(seed, "location/handover"), number))),
            "preparation_days": pa.array(
                np.round(1 + 2 * uniform(stream(seed, "location/preparation"), number))
            ),
        },
        source=names.source,
        known=as_of,
    )


def lane_table(seed: int, regions: int, names: Names, as_of: int) -> pa.Table:
    """Lanes between all locations of a region; days and costs grow with the distance.

    What a lane carries in a day is its van's room; one lane in five moves no single unit.
    """
    step = np.arange(LOCATIONS_PER_ITEM)
    start, end = (grid.reshape(-1) for grid in np.meshgrid(step, step, indexing="ij"))
    start, end = start[start != end], end[start != end]
    base = np.repeat(np.arange(regions) * LOCATIONS_PER_ITEM, len(start))
    start, end = base + np.tile(start, regions), base + np.tile(end, regions)
    latitude, longitude = _positions(seed, np.arange(regions * LOCATIONS_PER_ITEM))
    distance = np.hypot(latitude[start] - latitude[end], longitude[start] - longitude[end])
    is_single = uniform(stream(seed, "lane/minimum"), start, end) >= 0.2
    return source_table(
        "lane",
        {
            "from_location_id": names.location(start),
            "to_location_id": names.location(end),
            "transit_days": pa.array(np.ceil(1 + distance)),
            "cost_fixed": pa.array(np.round(6 + 4 * distance, 2)),
            "cost_per_unit": pa.array(np.round(0.3 + 0.4 * distance, 2)),
            "is_allowed": repeated(True, len(start), pa.bool_()),
            "min_units": pa.array(np.full(len(start), 2.0), mask=is_single),
            "capacity_m3": pa.array(np.round(0.5 + 2.5 * uniform(stream(seed, "lane/room"), start, end), 2)),
        },
        source=names.source,
        known=as_of,
    )


def item_location_table(pairs: ItemLocations, names: Names, as_of: int) -> pa.Table:
    """Item-locations with the simulated system's own minimum and maximum."""
    rows = len(pairs.row)
    target = np.array(SERVICE_TARGETS)[pairs.items.criticality[pairs.item_position]]
    return source_table(
        "item_location",
        {
            "item_id": names.item(pairs.item),
            "location_id": names.location(pairs.location),
            "is_ranged": repeated(True, rows, pa.bool_()),
            "stockout_behaviour": texts(list(BEHAVIOURS), pairs.behaviour),
            "current_min_units": pa.array(pairs.reorder_point_units.astype(np.float64)),
            "current_max_units": pa.array(pairs.order_up_to_units.astype(np.float64)),
            "service_target": pa.array(target),
            "service_metric": repeated("fill", rows, pa.string()),
            "review_days": pa.array(np.full(rows, REVIEW_DAYS)),
        },
        source=names.source,
        known=as_of,
    )


def supplier_table(seed: int, suppliers: Suppliers, names: Names, as_of: int) -> pa.Table:
    """Suppliers."""
    country = (uniform(stream(seed, "supplier/country"), suppliers.index) ** 2 * 5).astype(np.int64)
    return source_table(
        "supplier",
        {
            "supplier_id": supplier_ids(suppliers.index),
            "supplier_name": fixed_width_ids("Supplier ", (suppliers.index, 5)),
            "country": texts(list(_COUNTRIES), country),
        },
        source=names.source,
        known=as_of,
    )


def item_supplier_table(items: Items, names: Names, as_of: int) -> pa.Table:
    """The one supplier of each item, for every location."""
    rows = len(items.index)
    return source_table(
        "item_supplier",
        {
            "item_id": names.item(items.index),
            "supplier_id": supplier_ids(items.suppliers.index),
            "location_id": repeated("*", rows, pa.string()),
            "lead_time_days": pa.array(items.suppliers.promised_days.astype(np.float64)),
            "is_primary": repeated(True, rows, pa.bool_()),
            "moq_units": pa.array(items.moq_units.astype(np.float64)),
            "lot_units": pa.array(items.lot_units.astype(np.float64)),
            "order_cost": pa.array(items.order_cost),
            "unit_price": pa.array(items.unit_cost),
            "moq_scope": repeated("line", rows, pa.string()),
            "case_pack_units": pa.array(items.lot_units.astype(np.float64), mask=items.lot_units == 1),
        },
        source=names.source,
        known=as_of,
    )


def calendar_table(horizon: Horizon, names: Names, as_of: int) -> pa.Table:
    """Working and selling days, from the first day of history to half a year ahead."""
    days = np.arange(horizon.start, as_of + _CALENDAR_DAYS_AHEAD + 1)
    return source_table(
        "calendar",
        {
            "calendar_id": repeated(CALENDAR_ID, len(days), pa.string()),
            "calendar_date": dates(days),
            "is_working": pa.array(is_working(days)),
            "is_selling": pa.array(is_selling(days)),
        },
        source=names.source,
        known=as_of,
    )


def event_calendar_table(promotions: Promotions, names: Names, as_of: int) -> pa.Table:
    """Promotions that are published by `as_of`."""
    told = np.flatnonzero(promotions.published <= as_of)
    return source_table(
        "event_calendar",
        {
            "event_id": fixed_width_ids(
                "PROMO", (promotions.number[told], 4), (promotions.category[told], 2)
            ),
            "event_type": repeated("promo", len(told), pa.string()),
            "scope": texts(list(CATEGORIES), promotions.category[told]),
            "location_scope": repeated("*", len(told), pa.string()),
            "start_date": dates(promotions.start[told]),
            "end_date": dates(promotions.end[told]),
            "published_date": dates(promotions.published[told]),
            "planned_uplift": pa.array(promotions.uplift[told]),
        },
        source=names.source,
        known=as_of,
    )


def cost_parameter_table(horizon: Horizon, names: Names, as_of: int) -> pa.Table:
    """Carrying-cost rates and costs that hold for everything from the first day on."""
    rows = len(COST_PARAMETERS)
    return source_table(
        "cost_parameter",
        {
            "scope": repeated("*", rows, pa.string()),
            "parameter": pa.array(list(COST_PARAMETERS)),
            "effective_from": dates(np.full(rows, horizon.start)),
            "parameter_value": pa.array(list(COST_PARAMETERS.values())),
        },
        source=names.source,
        known=as_of,
    )


def policy_review_table(
    seed: int, scopes: tuple[str, ...], horizon: Horizon, names: Names, since: int | None, as_of: int
) -> pa.Table:
    """Monthly reviews per scope, due on the 5th; most done within days, some late, few never."""
    due = _fifths(horizon, as_of)
    scope, due = (grid.reshape(-1) for grid in np.meshgrid(np.arange(len(scopes)), due))
    draw = uniform(stream(seed, "review"), scope, due)
    late: Floats = uniform(stream(seed, "review/late"), scope, due)
    done = due + np.where(draw < 0.85, -4 + late * 5, 5 + late * 20).astype(np.int64)
    done = np.where((draw > 0.96) | (done > as_of), NEVER, done)
    known = np.where(done == NEVER, due, done)
    kept = (known <= as_of) & (True if since is None else known > since)
    number = np.array([to_date(int(day)).year * 12 + to_date(int(day)).month for day in due], dtype=np.int64)
    done_kept, scope_kept = done[kept], scope[kept]
    reviewer = np.where(done_kept == NEVER, 0, 1 + scope_kept % 4)
    return source_table(
        "policy_review",
        {
            "review_id": fixed_width_ids("PR", (scope_kept, 3), (number[kept], 6)),
            "scope": texts(list(scopes), scope_kept),
            "review_due_date": dates(due[kept]),
            "review_completed_date": dates(done_kept),
            "reviewer": texts([None, "planner-1", "planner-2", "planner-3", "planner-4"], reviewer),
        },
        source=names.source,
        known=known[kept],
    )


def _fifths(horizon: Horizon, as_of: int) -> Ints:
    first, last = to_date(horizon.start), to_date(as_of + 31)
    months = range(first.year * 12 + first.month, last.year * 12 + last.month)
    return np.array([to_day(date(month // 12, month % 12 + 1, 5)) for month in months], dtype=np.int64)


def _positions(seed: int, number: Ints) -> tuple[Floats, Floats]:
    """Latitude and longitude: locations lie within some three degrees of their region's centre."""
    region = number // LOCATIONS_PER_ITEM
    latitude = 30 + 15 * uniform(stream(seed, "region/latitude"), region)
    longitude = -120 + 45 * uniform(stream(seed, "region/longitude"), region)
    latitude += 3 * uniform(stream(seed, "location/latitude"), number) - 1.5
    longitude += 3 * uniform(stream(seed, "location/longitude"), number) - 1.5
    return np.round(latitude, 4), np.round(longitude, 4)
