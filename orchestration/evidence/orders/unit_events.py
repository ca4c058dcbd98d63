"""The ledger's events of single units as the frame that their reservations are folded from.

Only their form is judged here: a payload that cannot be put into the columns of its table is set aside
with the reason. What an operation may do is judged where it is applied.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pandas as pd

from optimization.contracts.order_inputs import UNIT_EVENT
from optimization.promising.unit_reservations import WHICHEVER
from orchestration.evidence.fitting import UnfitError, fitted_row
from orchestration.evidence.ledger_frames import FramedEvents, frame_of, left_row, set_aside_frame
from orchestration.lake.ledger import Event, Ledger

UNIT_FAMILY = "unit"
# Operations that open something: without an id of their own they bear their event's.
_OPENING = frozenset({"reserve", "block"})


def read_unit_events(ledger: Ledger, until: date | None, up_to_seq: int | None = None) -> FramedEvents:
    """Return all events of units up to a business date, and up to an event's number, in the ledger's order.

    `events` is `ledger__unit_event`; `set_aside` has `SET_ASIDE_COLUMNS`. Raises `LedgerError` for a line
    that is no event.
    """
    events = ledger.events(UNIT_FAMILY, until)
    return unit_events_of(event for event in events if up_to_seq is None or event.seq <= up_to_seq)


def unit_events_of(events: Iterable[Event]) -> FramedEvents:
    """Return events of the family `unit` as their table, and those that are none."""
    rows: list[dict[str, Any]] = []
    left: list[dict[str, Any]] = []
    for event in events:
        try:
            rows.append(unit_row(event))
        except UnfitError as fault:
            left.append(left_row(event, fault))
    return FramedEvents(frame_of(rows, UNIT_EVENT), set_aside_frame(left))


def unit_row(event: Event) -> dict[str, Any]:
    """Return one event as a row of `ledger__unit_event`. Raises `UnfitError` naming the column."""
    nameless = event.event_id if event.event_type in _OPENING else WHICHEVER
    stated = {
        **event.payload,
        "event_id": event.event_id,
        "ledger_seq": event.seq,
        "business_date": event.business_date.isoformat(),
        "unit_operation": event.event_type,
        "unit_id": event.payload.get("unit_id") or event.subject,
        "reservation_id": event.payload.get("reservation_id") or nameless,
        "actor": event.actor,
    }
    if event.event_type == "block" and not stated.get("hold_kind"):
        raise UnfitError("hold_kind", None, "is missing; state why the unit is blocked")
    return fitted_row(stated, UNIT_EVENT)


def of_units(events: pd.DataFrame, units: set[str]) -> pd.DataFrame:
    """Return the rows of some units alone: what happens to one unit hangs on no other."""
    return events[events["unit_id"].isin(units)].reset_index(drop=True)
