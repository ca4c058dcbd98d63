"""A small, wholly valid source for tests: 6 items at 4 locations, told by one event log.

Everything is arithmetic on the calendar, so that any two dates belong to the same history and
every table reconciles: opening + receipts + transfers in - transfers out - sales = on hand, and
vehicles on hand are units one by one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

import pyarrow as pa

from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.connector import Snapshot

FIRST_DAY = date(2022, 6, 1)
SMALL_AS_OF = date(2023, 6, 15)
SOURCE = "small"

LOCATIONS = ("DEPOT", "EAST", "NORTH", "SOUTH")
# item -> kind, category, cost, price, whole units, days between requests, units per request
ITEMS: dict[str, tuple[str, str, float, float, bool, int, int]] = {
    "ACC-1": ("accessory", "accessories", 40.0, 75.0, True, 11, 1),
    "CAR-A": ("vehicle", "sedan", 21_000.0, 24_500.0, True, 24, 1),
    "CAR-B": ("vehicle", "suv", 33_000.0, 38_900.0, True, 37, 1),
    "PART-1": ("part", "filters", 6.5, 14.0, True, 3, 2),
    "PART-2": ("part", "brakes", 55.0, 99.0, True, 9, 1),
    "PART-3": ("part", "fluids", 4.25, 9.5, False, 5, 3),
}
LEAD_TIME_DAYS = 14
_SEGMENTS = ("FLEET", "RETAIL", "STAFF")


@dataclass
class _Log:
    """All rows of the event tables and the state they leave behind."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    stock: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    units: dict[tuple[str, str], list[tuple[str, date]]] = field(default_factory=lambda: defaultdict(list))
    open_orders: list[dict[str, Any]] = field(default_factory=list)


def _known(day: date) -> datetime:
    return datetime.combine(day, time(22))


@cache
def small_snapshot(as_of: date = SMALL_AS_OF, since: date | None = None) -> Snapshot:
    """Return the snapshot of `as_of` with all tables in the contract's types.

    With `since`, event tables hold only what became known after that date.
    """
    log = _replay(as_of)
    tables = {**_master(as_of), **_state(log, as_of), **log.rows, **_reviews(as_of), **_segment_terms()}
    arrow = {}
    for name, contract in RAW_BY_NAME.items():
        rows = [{"source_system": SOURCE, "loaded_at": _known(as_of), **row} for row in tables.get(name, [])]
        if contract.role == "event" and since is not None:
            rows = [row for row in rows if row["loaded_at"].date() > since]
        arrow[name] = pa.Table.from_pylist(rows, schema=arrow_schema(contract))
    origins = {(name, "*"): "generated" for name in arrow}
    return Snapshot(as_of, SOURCE, arrow, origins, since)


def _replay(as_of: date) -> _Log:
    log = _Log()
    pairs = [(item, place) for item in ITEMS for place in LOCATIONS]
    day = FIRST_DAY
    while day <= as_of:
        for index, (item, place) in enumerate(pairs):
            if day == FIRST_DAY:
                _bring(log, "opening", item, place, 4 if ITEMS[item][0] == "vehicle" else 30, day)
            _receive_due(log, item, place, day)
            _request(log, index, item, place, day, as_of)
            _reorder(log, item, place, day)
        if (day - FIRST_DAY).days % 60 == 45:
            _transfer(log, "PART-1", "DEPOT", "NORTH", 2.0, day)
        day += timedelta(days=1)
    return log


def _move(log: _Log, kind: str, item: str, place: str, units: float, day: date, **more: Any) -> None:
    number = len(log.rows["stock_movement"]) + 1
    log.stock[item, place] += units
    log.rows["stock_movement"].append(
        {
            "movement_id": f"M{number:06d}",
            "movement_date": day,
            "item_id": item,
            "location_id": place,
            "movement_type": kind,
            "quantity_units": float(units),
            "basis": "recorded",
            "loaded_at": _known(day),
            **more,
        }
    )


def _bring(log: _Log, kind: str, item: str, place: str, units: float, day: date, **more: Any) -> None:
    """Stock arrives; a vehicle arrives as units, one movement each."""
    if ITEMS[item][0] != "vehicle":
        _move(log, kind, item, place, units, day, **more)
        return
    for _ in range(int(units)):
        unit_id = f"VIN{len(log.rows['stock_movement']):06d}"
        log.units[item, place].append((unit_id, day))
        _move(log, kind, item, place, 1, day, unit_id=unit_id, **more)


def _receive_due(log: _Log, item: str, place: str, day: date) -> None:
    for order in [one for one in log.open_orders if one["expected_date"] == day]:
        if (order["item_id"], order["location_id"]) != (item, place):
            continue
        log.open_orders.remove(order)
        receipt_id = f"R{len(log.rows['receipt']) + 1:06d}"
        log.rows["receipt"].append(
            {
                "receipt_id": receipt_id,
                "item_id": item,
                "location_id": place,
                "received_date": day,
                "received_units": order["ordered_units"],
                "accepted_units": order["ordered_units"],
                "supply_order_id": order["supply_order_id"],
                "line_id": order["line_id"],
                "supplier_id": order["supplier_id"],
                "ordered_date": order["ordered_date"],
                "first_expected_date": order["first_expected_date"],
                "is_expedited": False,
                "loaded_at": _known(day),
            }
        )
        _bring(log, "receipt", item, place, order["ordered_units"], day, reference_id=receipt_id)


def _request(log: _Log, index: int, item: str, place: str, day: date, as_of: date) -> None:
    _, _, cost, price, _, period, units = ITEMS[item]
    if place == "DEPOT" or ((day - FIRST_DAY).days + 5 * index) % period:
        return
    wanted = float(units + (day.toordinal() + index) % 2 * (units - 1))
    filled = min(wanted, log.stock[item, place])
    delivered = day + timedelta(days=2)
    is_delivered = filled > 0 and delivered <= as_of
    order_id = f"O{len(log.rows['demand_line']) + 1:06d}"
    sold = log.units[item, place].pop(0)[0] if log.units[item, place] and filled else None
    log.rows["demand_line"].append(
        {
            "order_id": order_id,
            "line_id": "1",
            "item_id": item,
            "location_id": place,
            "order_date": day,
            "requested_date": day,
            "requested_units": wanted,
            "segment_id": _SEGMENTS[(day.toordinal() + index) % 3],
            "filled_at_request_units": filled,
            "shipped_units": filled,
            "shipped_date": day if filled else None,
            "delivered_date": delivered if is_delivered else None,
            "cancelled_date": day if filled < wanted else None,
            "cancel_reason": "out of stock" if filled < wanted else None,
            "unit_price": price,
            "unit_cost": cost,
            "unit_id": sold,
            "is_lost_sale": filled < wanted,
            "demand_type": "retail",
            "basis": "recorded",
            "customer_id": f"K{index % 5}",
            "channel": "dealer",
            "customer_type": "private",
            "order_priority": 2,
            "loaded_at": _known(delivered if is_delivered else day),
        }
    )
    if filled:
        _move(log, "sale", item, place, -filled, day, unit_id=sold, reference_id=order_id)


def _reorder(log: _Log, item: str, place: str, day: date) -> None:
    kind = ITEMS[item][0]
    threshold, lot = (1, 2.0) if kind == "vehicle" else (10, 20.0)
    is_open = any((one["item_id"], one["location_id"]) == (item, place) for one in log.open_orders)
    if is_open or log.stock[item, place] > threshold:
        return
    number = len(log.rows["receipt"]) + len(log.open_orders) + 1
    expected = day + timedelta(days=LEAD_TIME_DAYS)
    log.open_orders.append(
        {
            "supply_order_id": f"P{number:06d}",
            "line_id": "1",
            "item_id": item,
            "location_id": place,
            "ordered_date": day,
            "ordered_units": lot,
            "received_units": 0.0,
            "supply_status": "open",
            "supplier_id": "FACTORY" if kind == "vehicle" else "PARTS-CO",
            "expected_date": expected,
            "first_expected_date": expected,
            "is_expedited": False,
        }
    )


def _transfer(log: _Log, item: str, start: str, end: str, units: float, day: date) -> None:
    if log.stock[item, start] < units:
        return
    reference = f"T{day:%Y%m%d}"
    _move(log, "transfer_out", item, start, -units, day, reference_id=reference, counterpart_location_id=end)
    _move(log, "transfer_in", item, end, units, day, reference_id=reference, counterpart_location_id=start)


def _master(as_of: date) -> dict[str, list[dict[str, Any]]]:
    days = (as_of - FIRST_DAY).days + 120
    return {
        "item": [
            {
                "item_id": item,
                "item_kind": kind,
                "description": f"{category} {item}",
                "category": category,
                "base_uom": "EA" if is_integer else "L",
                "is_integer": is_integer,
                "unit_cost": cost,
                "currency": "USD",
                "list_price": price,
                "lifecycle_status": "active",
                "intro_date": FIRST_DAY,
                "criticality": "E",
                "model": category if kind == "vehicle" else None,
                "model_year": 2023 if kind == "vehicle" else None,
                "volume_m3": 12.0 if kind == "vehicle" else 0.01,
            }
            for item, (kind, category, cost, price, is_integer, _, _) in ITEMS.items()
        ],
        "location": [
            {
                "location_id": place,
                "location_type": "depot" if place == "DEPOT" else "dealer",
                "region": "R1",
                "is_active": True,
                "timezone": "UTC",
                "latitude": 40.0 + number,
                "longitude": -75.0 - number,
                "capacity_units": 500.0,
                "parent_location_id": None if place == "DEPOT" else "DEPOT",
                "storage_m3": 6000.0,
                "handling_units": 40.0,
                "purchase_budget": 9_000_000.0,
            }
            for number, place in enumerate(LOCATIONS)
        ],
        "item_location": [
            {
                "item_id": item,
                "location_id": place,
                "is_ranged": True,
                "stockout_behaviour": "lost" if ITEMS[item][0] == "vehicle" else "backorder",
                "current_min_units": 2.0,
                "current_max_units": 20.0,
                "display_min_units": 0.0,
                "holding_rate": 0.2,
                "shortage_cost": ITEMS[item][3] - ITEMS[item][2],
                "service_target": 0.9,
                "service_metric": "cycle",
                "review_days": 7,
            }
            for item in ITEMS
            for place in LOCATIONS
        ],
        "supplier": [
            {"supplier_id": "FACTORY", "supplier_name": "Factory", "country": "JP"},
            {"supplier_id": "PARTS-CO", "supplier_name": "Parts Co", "country": "US"},
        ],
        "item_supplier": [
            {
                "item_id": item,
                "supplier_id": "FACTORY" if kind == "vehicle" else "PARTS-CO",
                "location_id": "*",
                "lead_time_days": float(LEAD_TIME_DAYS),
                "is_primary": True,
                "moq_units": 1.0,
                "lot_units": 1.0,
                "order_cost": 25.0,
                "unit_price": cost,
            }
            for item, (kind, _, cost, _, _, _, _) in ITEMS.items()
        ],
        "lane": [
            {
                "from_location_id": start,
                "to_location_id": end,
                "transit_days": 2.0,
                "cost_fixed": 15.0,
                "cost_per_unit": 1.5,
                "is_allowed": True,
                "min_units": 1.0,
                "multiple_units": 1.0,
                "capacity_m3": 60.0,
                "capacity_units": 40.0,
            }
            for start in LOCATIONS
            for end in LOCATIONS
            if start != end
        ],
        "segment": [
            {
                "segment_id": segment,
                "segment_name": segment.title(),
                "priority_tier": tier,
                "service_target": 0.9,
                "ring_fence_share": 0.1,
                "cap_share": 0.8,
                "fair_weight": 1.0,
                "group_0": "dealer",
                "group_1": segment.lower(),
                "may_borrow": segment == "RETAIL",
                "borrow_ratio": 0.5,
                "borrow_cap_units": 4.0,
                "borrow_days": 14,
                "borrow_repays": True,
                "release_after_days": 60,
            }
            for tier, segment in enumerate(_SEGMENTS, start=1)
        ],
        "calendar": [
            {
                "calendar_id": "ALL",
                "calendar_date": FIRST_DAY + timedelta(days=offset),
                "is_working": (FIRST_DAY + timedelta(days=offset)).weekday() < 5,
                "is_selling": (FIRST_DAY + timedelta(days=offset)).weekday() < 6,
            }
            for offset in range(days)
        ],
        "event_calendar": [
            {
                "event_id": "E1",
                "event_type": "promo",
                "scope": "suv",
                "start_date": date(2022, 11, 25),
                "end_date": date(2022, 11, 28),
                "published_date": date(2022, 10, 1),
                "planned_uplift": 1.5,
            },
            {
                "event_id": "E2",
                "event_type": "holiday",
                "scope": "*",
                "start_date": date(2022, 12, 26),
                "end_date": date(2022, 12, 26),
                "published_date": date(2022, 6, 1),
                "planned_uplift": None,
            },
        ],
        **_plans_and_market(as_of),
        "cost_parameter": [
            {
                "scope": scope,
                "parameter": parameter,
                "effective_from": FIRST_DAY,
                "parameter_value": value,
            }
            for scope, parameter, value in (
                ("*", "capital_rate", 0.10),
                ("*", "storage_rate", 0.05),
                ("vehicle", "insurance_rate", 0.02),
            )
        ],
    }


def _plans_and_market(as_of: date) -> dict[str, list[dict[str, Any]]]:
    """Drivers, plans, relations, price breaks and the market; published ten days after each month."""
    months = [date(2022, 6, 1)]
    while months[-1] < as_of.replace(day=1):
        months.append((months[-1] + timedelta(days=31)).replace(day=1))
    told = [month for month in months if (month + timedelta(days=40)) <= as_of]
    return {
        "external_driver": [
            {
                "driver": "fuel_price",
                "scope": "*",
                "driver_date": month,
                "driver_value": 3.5 + 0.1 * number,
                "published_date": month + timedelta(days=40),
            }
            for number, month in enumerate(told)
        ],
        "consensus_plan": [
            {
                "plan_version": f"S{month:%Y%m}",
                "scope": "sedan",
                "location_scope": "R1",
                "month_start_date": month,
                "planned_units": 4.0,
                "plan_status": "approved",
                "submitted_by": "sales",
                "approved_by": "planner",
                "approved_date": max(FIRST_DAY, month - timedelta(days=20)),
            }
            for month in months
        ],
        "item_relation": [
            {
                "from_item_id": "PART-1",
                "to_item_id": "PART-2",
                "relation_type": "substitutes",
                "effective_from": FIRST_DAY,
                "ratio": 1.0,
                "is_two_way": False,
            }
        ],
        "price_break": [
            {
                "item_id": "PART-1",
                "supplier_id": "PARTS-CO",
                "min_quantity_units": 100.0,
                "unit_price": 6.0,
                "price_scheme": "all_units",
            }
        ],
        "registration": [
            {
                "month_start_date": month,
                "region": "R1",
                "market_segment": "sedan",
                "brand": brand,
                "model": model,
                "is_own_brand": brand == "OWN",
                "registered_units": units,
                "published_date": month + timedelta(days=40),
            }
            for month in told
            for brand, model, units in (("OWN", "sedan", 20.0), ("OTHER", "*", 180.0))
        ],
        "competitor_price": [
            {
                "price_date": as_of.replace(day=1),
                "model": "sedan",
                "brand": "OTHER",
                "competitor_price": 25_000.0,
                "published_date": as_of.replace(day=1),
            }
        ],
    }


def _state(log: _Log, as_of: date) -> dict[str, list[dict[str, Any]]]:
    return {
        "stock_on_hand": [
            {
                "item_id": item,
                "location_id": place,
                "stock_status": "available",
                "on_hand_units": log.stock[item, place],
            }
            for item, place in sorted(log.stock)
        ],
        "unit": [
            {
                "unit_id": unit_id,
                "item_id": item,
                "location_id": place,
                "unit_status": "at_location",
                "is_pre_sold": False,
                "is_held": False,
                "first_seen_date": arrived,
                "last_seen_date": as_of,
                "network_received_date": arrived,
                "received_date": arrived,
                "available_from_date": arrived,
                "list_price": ITEMS[item][3],
                "invoice_cost": ITEMS[item][2],
                "model_year": 2023,
                "color": "white",
            }
            for (item, place), units in sorted(log.units.items())
            for unit_id, arrived in units
        ],
        "supply_order": log.open_orders,
        "stock_valuation": [
            {
                "item_id": item,
                "location_id": place,
                "book_units": log.stock[item, place],
                "book_value": log.stock[item, place] * ITEMS[item][2],
                "book_date": as_of,
                "currency": "USD",
            }
            for item, place in sorted(log.stock)
        ],
        "cycle_count": [
            {
                "count_id": f"N-{item}-{place}",
                "item_id": item,
                "location_id": place,
                "counted_date": FIRST_DAY,
                "counted_units": 30.0,
                "counted_by": "counter-1",
                "condition": "sellable",
                "unit_id": None,
                "loaded_at": _known(FIRST_DAY),
            }
            for item, place in sorted(log.stock)
            if ITEMS[item][0] != "vehicle" and place == "DEPOT"
        ],
    }


def _segment_terms() -> dict[str, list[dict[str, Any]]]:
    """How orders find their segment, and a plan that shares out one category by percentage."""
    return {
        "allocation_group": [
            {
                "group_level": level,
                "hierarchy_version": 1,
                "group_name": name,
                "effective_from": FIRST_DAY,
            }
            for level, name in enumerate(("channel", "customer group"))
        ],
        "segment_rule": [
            {
                "rule_id": "ANY-DEALER",
                "rule_version": 1,
                "rule_rank": 10,
                "segment_id": "RETAIL",
                "channel": "dealer",
                "effective_from": FIRST_DAY,
            }
        ],
        "segment_membership": [
            {"customer_id": "K1", "effective_from": FIRST_DAY, "segment_id": "FLEET", "effective_to": None}
        ],
        "allocation_rule": [
            {
                "plan_id": "PLAN-1",
                "plan_version_number": 1,
                "rule_id": "BRAKES",
                "rule_version": 1,
                "segment_id": segment,
                "plan_state": "approved",
                "author": "planner-1",
                "effective_from": FIRST_DAY,
                "rule_rank": 1,
                "segment_rank": rank,
                "allocation_strategy": "percentage",
                "category": "brakes",
                "share_pct": share,
            }
            for rank, (segment, share) in enumerate(
                (("FLEET", 50.0), ("RETAIL", 30.0), ("POOL", 20.0)), start=1
            )
        ],
    }


def _reviews(as_of: date) -> dict[str, list[dict[str, Any]]]:
    due = [FIRST_DAY + timedelta(days=30 * number) for number in range(1, 40)]
    return {
        "policy_review": [
            {
                "review_id": f"V{day:%Y%m%d}",
                "scope": "*",
                "review_due_date": day,
                "review_completed_date": day,
                "reviewer": "planner",
                "loaded_at": _known(day),
            }
            for day in due
            if day <= as_of
        ]
    }
