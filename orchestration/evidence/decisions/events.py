"""The ledger's decisions about policies, reviews and demand plans as the frames that are folded.

Only their form is judged here: a payload that cannot be put into the columns of its table is set aside
with the reason. What a decision may do is judged where it is applied.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from optimization.contracts.approval_tables import DEMAND_PLAN_EVENT, POLICY_EVENT, REVIEW_EVENT
from optimization.contracts.table import Table
from orchestration.evidence.fitting import UnfitError, fitted_row
from orchestration.evidence.ledger_frames import FramedEvents, frame_of, left_row, set_aside_frame
from orchestration.lake.ledger import Event, Ledger

POLICY_FAMILY, REVIEW_FAMILY, DEMAND_PLAN_FAMILY = "policy", "review", "demand_plan"
# Events that the system itself once wrote; nobody decided anything by them.
_BY_RULE = frozenset({"bootstrap_approved", "auto_approved"})


def read_policy_events(ledger: Ledger, until: date | None, up_to_seq: int | None = None) -> FramedEvents:
    """Return what people did about policies up to a business date, and up to an event's number.

    `events` is `ledger__policy_event`, in the ledger's order; `set_aside` has `SET_ASIDE_COLUMNS`. Raises
    `LedgerError` for a line that is no event.
    """
    return _read(ledger, POLICY_FAMILY, POLICY_EVENT, policy_row, until, up_to_seq)


def read_review_events(ledger: Ledger, until: date | None, up_to_seq: int | None = None) -> FramedEvents:
    """Return the completed reviews, as `read_policy_events`; `events` is `ledger__review_event`."""
    return _read(ledger, REVIEW_FAMILY, REVIEW_EVENT, review_row, until, up_to_seq)


def read_demand_plan_events(ledger: Ledger, until: date | None, up_to_seq: int | None = None) -> FramedEvents:
    """Return what was decided of demand plans, likewise; `events` is `ledger__demand_plan_event`."""
    return _read(ledger, DEMAND_PLAN_FAMILY, DEMAND_PLAN_EVENT, demand_plan_row, until, up_to_seq)


def policy_row(event: Event) -> dict[str, Any]:
    """Return one event as a row of `ledger__policy_event`. Raises `UnfitError` naming the column."""
    stated = {**event.payload, **_told(event), "policy_decision": event.event_type}
    return fitted_row({**stated, "change_id": event.payload.get("change_id") or event.subject}, POLICY_EVENT)


def review_row(event: Event) -> dict[str, Any]:
    """Return one event as a row of `ledger__review_event`. Raises `UnfitError` naming the column."""
    return fitted_row({**event.payload, **_told(event)}, REVIEW_EVENT)


def demand_plan_row(event: Event) -> dict[str, Any]:
    """Return one event as a row of `ledger__demand_plan_event`. Raises `UnfitError` naming the column."""
    stated = {**event.payload, **_told(event), "demand_plan_decision": event.event_type}
    return fitted_row({**stated, "plan_version": event.subject}, DEMAND_PLAN_EVENT)


def _told(event: Event) -> dict[str, Any]:
    """What every event says, whatever its payload claims."""
    return {
        "event_id": event.event_id,
        "ledger_seq": event.seq,
        "business_date": event.business_date.isoformat(),
        "actor": event.actor,
    }


def _read(
    ledger: Ledger,
    family: str,
    table: Table,
    row_of: Callable[[Event], dict[str, Any]],
    until: date | None,
    up_to_seq: int | None,
) -> FramedEvents:
    rows: list[dict[str, Any]] = []
    left: list[dict[str, Any]] = []
    for event in ledger.events(family, until):
        if event.event_type in _BY_RULE or (up_to_seq is not None and event.seq > up_to_seq):
            continue
        try:
            rows.append(row_of(event))
        except UnfitError as fault:
            left.append(left_row(event, fault))
    return FramedEvents(frame_of(rows, table), set_aside_frame(left))
