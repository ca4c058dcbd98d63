"""Frames of a small plant for tests of the slots: orders, weeks and limits by the border contracts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from optimization.build_to_order.slots.stating import SlotInputs
from optimization.contracts.order_inputs import (
    CONFIG_OPTION,
    MILESTONE_TEMPLATE,
    MTO_MILESTONE,
    MTO_ORDER,
    PRODUCTION_SLOT,
    QUALITY_EVENT,
    SLOT_OPTION_LIMIT,
)
from optimization.contracts.order_outputs import MTO_PROMISE, MTO_SLOT_ASSIGNMENT, ORDER_CHECK, STAGE_DURATION
from optimization.contracts.rows import frame_of

AS_OF = pd.Timestamp("2024-03-06")  # a Wednesday
WEEKS = tuple(pd.Timestamp("2024-03-04") + pd.Timedelta(weeks=at) for at in range(6))
DAYS_TO_HANDOVER = 14


def week_end_promise(week: int) -> pd.Timestamp:
    """The delivery date that just holds when the order is built in this week."""
    return WEEKS[week] + pd.Timedelta(days=6 + DAYS_TO_HANDOVER)


def order(order_id: str, promised: object = None, **more: object) -> dict[str, object]:
    """One open order, its confirmed promise and whatever else is named."""
    return {
        "order_id": order_id, "location_id": "D1", "region": "R", "model": "M", "market": "EU",
        "options": "", "order_date": pd.Timestamp("2024-01-10"), "order_status": "open",
        "order_priority": 2, "order_weight": 1.0, "credit_status": "approved",
        "lead_time_class": "standard", "promised_date": promised, "plant_id": "P",
    } | more  # fmt: skip


def inputs(
    orders: Sequence[dict[str, object]],
    slots: Sequence[dict[str, object]] | None = None,
    limits: Sequence[dict[str, object]] = (),
    **more: object,
) -> SlotInputs:
    """Orders, and weeks of plant P's line L1 with one slot each, the first one frozen."""
    if slots is None:
        slots = [slot(week) for week in range(len(WEEKS))]
    durations = [
        {
            "pool_level": "all", "pool_key": "*", "milestone_code": "3800", "scope": "to_delivery",
            "sample_count": 99, "open_order_count": 0, "reason_code": "LEARNT", "method": "m",
            "status": "OK", "duration_p50_days": 10.0, "duration_p90_days": float(DAYS_TO_HANDOVER),
        }
    ]  # fmt: skip
    built = SlotInputs(
        mto_order=frame_of(MTO_ORDER, orders),
        mto_milestone=frame_of(MTO_MILESTONE, ()),
        milestone_template=frame_of(MILESTONE_TEMPLATE, ()),
        config_option=frame_of(CONFIG_OPTION, [option("ROOF", 0.0), option("TOW", 40.0)]),
        production_slot=frame_of(PRODUCTION_SLOT, slots),
        slot_option_limit=frame_of(SLOT_OPTION_LIMIT, limits),
        order_check=frame_of(ORDER_CHECK, ()),
        quality_event=frame_of(QUALITY_EVENT, ()),
        stage_duration=frame_of(STAGE_DURATION, durations),
    )
    return replace(built, **more)  # type: ignore[arg-type]


def slot(week: int, units: float = 1.0, **more: object) -> dict[str, object]:
    """One week of line L1."""
    return {
        "plant_id": "P", "production_line_id": "L1", "week_start_date": WEEKS[week], "slot_units": units,
        "min_slot_units": 0.0, "is_frozen": week == 0, "expedite_slot_units": 0.0,
        "expedite_unit_cost": 0.0,
    } | more  # fmt: skip


def limit(week: int, option_id: str, units: float) -> dict[str, object]:
    """The most orders with an option in a week."""
    return {
        "plant_id": "P", "week_start_date": WEEKS[week], "option_id": option_id, "slot_units": units,
        "min_slot_units": 0.0,
    }  # fmt: skip


def option(option_id: str, days: float) -> dict[str, object]:
    """One option with the days until its material is there."""
    return {
        "option_id": option_id, "option_family": "comfort", "option_name": option_id,
        "lead_time_class": "standard", "material_lead_days": days,
    }  # fmt: skip


def before(order_id: str, week: int, **more: object) -> dict[str, object]:
    """One order's row in the plan of the release before."""
    return {
        "order_id": order_id, "is_frozen": False, "is_moved": False, "is_expedited": False,
        "is_promise_broken": False, "lateness_days": 0.0, "reason_code": "SLOT_ON_TIME", "method": "m",
        "status": "OK", "plant_id": "P", "production_line_id": "L1", "week_start_date": WEEKS[week],
    } | more  # fmt: skip


def previous_slot(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    """The plan of the release before."""
    return frame_of(MTO_SLOT_ASSIGNMENT, rows)


def promise(order_id: str, number: int, day: pd.Timestamp) -> dict[str, object]:
    """One promise of the release before."""
    return {
        "order_id": order_id, "promise_number": number, "made_date": AS_OF, "promise_p50_date": day,
        "promise_p90_date": day, "promise_basis": "slot", "reason_code": "R", "method": "m", "status": "OK",
    }  # fmt: skip


def previous_promise(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    """Every promise of the release before."""
    return frame_of(MTO_PROMISE, rows)
