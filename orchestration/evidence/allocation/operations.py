"""The ledger's operations, decisions and proposed rules as the frames that the allocation reads.

Only their form is judged here: a payload that cannot be put into the columns of its table is set aside
with the reason and the repair, and everything else goes on. What an operation may do is judged where it
is applied, and a plan where its state is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd

from optimization.contracts.allocation_tables import ALLOCATION_EVENT, PLAN_DECISION, PROPOSED_RULE
from orchestration.evidence.fitting import UnfitError, fitted_row
from orchestration.evidence.ledger_frames import FramedEvents, frame_of, left_row, set_aside_frame
from orchestration.lake.ledger import Event, Ledger

OPERATION_FAMILY = "allocation"
PLAN_FAMILY = "allocation_plan"
# Operations that mean something without a quantity: all of what is open, or none at all.
_WITHOUT_UNITS = frozenset({"extend", "release", "offset", "rebalance"})


def read_operations(
    ledger: Ledger, as_of: date, previous_seq: int, previous_as_of: date | None
) -> FramedEvents:
    """Return every operation up to the business date `as_of` that the release before has not applied.

    These are the ones it has not read (number after `previous_seq`), and those it has read but whose
    business date lay after its own, `previous_as_of`; None where there is no release before. An
    operation without an id bears its event's. Rows in the ledger's order. `set_aside` has
    `SET_ASIDE_COLUMNS`. Raises `LedgerError` for a line that is no event.
    """
    return operations_of(ledger.events(OPERATION_FAMILY, as_of, previous_seq, previous_as_of))


def operations_of(events: Iterable[Event]) -> FramedEvents:
    """Return events of the family `allocation` as operations, and those that are none."""
    rows: list[dict[str, Any]] = []
    left: list[dict[str, Any]] = []
    for event in events:
        try:
            rows.append(
                stated_operation(
                    event.payload,
                    event.event_type,
                    event.seq,
                    event.event_id,
                    event.business_date,
                    event.actor,
                )
            )
        except UnfitError as fault:
            left.append(left_row(event, fault))
    return FramedEvents(frame_of(rows, ALLOCATION_EVENT), set_aside_frame(left))


def stated_operation(
    payload: Mapping[str, Any],
    operation: str,
    ledger_seq: int,
    event_id: str,
    business_date: date,
    actor: str,
) -> dict[str, Any]:
    """Return one operation as a row of `ledger__allocation_event`. Raises `UnfitError` naming the column."""
    stated = {
        **payload,
        "event_id": event_id,
        "ledger_seq": ledger_seq,
        "business_date": business_date.isoformat(),
        "operation": operation,
        "actor": actor,
        "audit_type": "USER",
        "action_id": payload.get("action_id") or event_id,
    }
    if operation in _WITHOUT_UNITS and stated.get("units") is None:
        stated["units"] = 0.0
    return fitted_row(stated, ALLOCATION_EVENT)


def plan_decisions(ledger: Ledger, as_of: date) -> pd.DataFrame:
    """Return `ledger__plan_decision`: what was decided of plans up to a business date, in order."""
    return read_plan_decisions(ledger, as_of)[0]


def read_plan_decisions(ledger: Ledger, as_of: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `plan_decisions`, and the decisions set aside with `SET_ASIDE_COLUMNS`."""
    rows: list[dict[str, Any]] = []
    left: list[dict[str, Any]] = []
    for event in ledger.events(PLAN_FAMILY, as_of):
        payload = event.payload
        stated = {
            "ledger_seq": event.seq,
            "plan_id": event.subject,
            "plan_version_number": payload.get("plan_version_number"),
            "plan_decision": event.event_type,
            "content_hash": payload.get("content_hash"),
            "actor": event.actor,
            "decided_at": payload.get("event_at") or event.business_date.isoformat(),
            "business_date": event.business_date.isoformat(),
            "comment": payload.get("comment"),
        }
        try:
            rows.append(fitted_row(stated, PLAN_DECISION))
        except UnfitError as fault:
            left.append(left_row(event, fault))
    return frame_of(rows, PLAN_DECISION), set_aside_frame(left)


def proposed_rules(ledger: Ledger, as_of: date) -> pd.DataFrame:
    """Return `ledger__proposed_rule`: the rules of every plan version proposed up to a business date."""
    return read_proposed_rules(ledger, as_of)[0]


def read_proposed_rules(ledger: Ledger, as_of: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `proposed_rules`, and the proposals set aside with `SET_ASIDE_COLUMNS`.

    A version that was proposed twice has the rules of the last time; an approval of the first then
    names another content. A proposal is set aside whole: half a plan is another plan.
    """
    versions: dict[tuple[str, int], list[dict[str, Any]]] = {}
    left: list[dict[str, Any]] = []
    for event in ledger.events(PLAN_FAMILY, as_of):
        if event.event_type != "proposed":
            continue
        try:
            rows = rule_rows(event.subject, event.payload, event.actor)
        except UnfitError as fault:
            left.append(left_row(event, fault))
            continue
        versions[event.subject, rows[0]["plan_version_number"]] = rows
    rules = [row for key in sorted(versions) for row in versions[key]]
    return frame_of(rules, PROPOSED_RULE), set_aside_frame(left)


def proposed_frame(plan_id: str, payload: Mapping[str, Any], author: str) -> pd.DataFrame:
    """Return one proposal's rules as `ledger__proposed_rule`.

    `payload` has `plan_version_number` and `rules`, a list of rows. Raises `ValueError` naming the
    rule, its column and what is wrong with it.
    """
    return frame_of(rule_rows(plan_id, payload, author), PROPOSED_RULE)


def rule_rows(plan_id: str, payload: Mapping[str, Any], author: str) -> list[dict[str, Any]]:
    """Return a proposal's rules as rows of typed values. Raises `ValueError` as `proposed_frame` does."""
    rules = payload.get("rules")
    if not isinstance(rules, list) or not rules:
        raise UnfitError("rules", rules, "is no list of rules; propose a plan with one row per segment")
    rows = []
    for number, rule in enumerate(rules, start=1):
        if not isinstance(rule, Mapping):
            raise UnfitError(f"rules, row {number}", rule, "is no row of column names and values")
        stated = {
            "rule_version": 1,
            **rule,
            "plan_id": plan_id,
            "plan_version_number": payload.get("plan_version_number"),
            "plan_state": "proposed",
            "author": author,
        }
        unknown = sorted(set(stated) - set(PROPOSED_RULE.column_names))
        if unknown:
            raise UnfitError(
                f"rules, row {number}",
                unknown[0],
                f"is no column of a rule; known are {', '.join(PROPOSED_RULE.column_names)}",
            )
        try:
            rows.append(fitted_row(stated, PROPOSED_RULE))
        except UnfitError as fault:
            raise UnfitError(
                f"rules, row {number}, {fault.column_name}", fault.value, fault.reason
            ) from fault
    keys = Counter((row["rule_id"], row["segment_id"]) for row in rows)
    twice = [key for key, count in keys.items() if count > 1]
    if twice:
        raise UnfitError("rules", "/".join(twice[0]), "states a rule's segment twice; keep one of the rows")
    return rows
