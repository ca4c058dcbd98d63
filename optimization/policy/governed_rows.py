"""The tables of governance as rows: what an earlier release left standing, and what today adds to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.rows import records_of
from optimization.keys import positions
from optimization.parameters import GovernanceParameters
from optimization.policy.approval_rules import Rule
from optimization.policy.changes import Change, Numbers, Two, day_of, levels_of, text_of
from optimization.policy.decisions import Event, Standing, asked_change
from optimization.roles import role_of

Row = dict[str, Any]
# Event of the ledger that settles a change, by what it is told in `opt_out__approval`.
_SETTLING = ("approved", "rejected", "withdrawn", "override_ended")
_STATE_OF_OVERRIDE = {
    "approved": "active",
    "auto_approved": "active",
    "expired": "lapsed",
    "run_out": "expired",
}


@dataclass(frozen=True)
class Before:
    """What the last release left: its policies and tables of governance; None where there is none.

    `policy` has `item_id`, `location_id`, `reorder_point_units`, `order_up_to_units` and, where known,
    the columns `held_…`; the others are `opt_out__policy_change`, `opt_out__approval` and
    `opt_out__policy_override`.
    """

    policy: pd.DataFrame | None = None
    policy_change: pd.DataFrame | None = None
    approval: pd.DataFrame | None = None
    policy_override: pd.DataFrame | None = None

    def levels(self, keys: pd.DataFrame) -> tuple[Numbers, Numbers]:
        """Levels that held, units, (n,) each; NaN where there were none."""
        row = self._rows(keys)
        point, level = (self._column(name, row) for name in ("reorder_point_units", "order_up_to_units"))
        return point, level

    def held(self, keys: pd.DataFrame) -> dict[str, npt.NDArray[Any]]:
        """Decisions of people that held against the calculation, null where none did, (n,) each."""
        row = self._rows(keys)
        has = self.policy is not None and "held_until_date" in self.policy
        if not has or self.policy is None:
            row = np.full(len(keys), -1)
        return {
            "held_change_id": self._objects("held_change_id", row),
            "held_reorder_point_units": self._column("held_reorder_point_units", row),
            "held_order_up_to_units": self._column("held_order_up_to_units", row),
            "held_until_date": self._days("held_until_date", row),
        }

    def override_bases(self) -> dict[str, Two]:
        """What every override that holds has replaced."""
        return {
            str(told["override_id"]): levels_of(told, "base")
            for told in _records(self.policy_override)
            if told["override_state"] == "active"
        }

    def _rows(self, keys: pd.DataFrame) -> npt.NDArray[np.int64]:
        if self.policy is None or not len(self.policy):
            return np.full(len(keys), -1)
        return positions(keys, self.policy)

    def _column(self, name: str, row: npt.NDArray[np.int64]) -> Numbers:
        if self.policy is None or (row < 0).all():
            return np.full(len(row), np.nan)
        return np.where(row >= 0, self.policy[name].to_numpy(np.float64, na_value=np.nan)[row], np.nan)

    def _objects(self, name: str, row: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
        found = np.full(len(row), None, dtype=object)
        if self.policy is not None and (row >= 0).any():
            values = self.policy[name].astype(object).where(self.policy[name].notna(), None).to_numpy()
            found[row >= 0] = values[row[row >= 0]]
        return found

    def _days(self, name: str, row: npt.NDArray[np.int64]) -> npt.NDArray[np.datetime64]:
        found = np.full(len(row), np.datetime64("NaT", "ns"))
        if self.policy is not None and (row >= 0).any():
            values = pd.to_datetime(self.policy[name]).to_numpy("datetime64[ns]")
            found[row >= 0] = values[row[row >= 0]]
        return found


def restored(standing: Standing, before: Before) -> None:
    """Put into `standing` what waits, what holds and what is over by the last release."""
    for told in _records(before.approval):
        if told["is_effective"] and told["decided_what"] in _SETTLING:
            standing.settled[str(told["subject"])] = "ALREADY_DECIDED"
        elif told["is_effective"]:
            standing.settled.setdefault(str(told["subject"]), "PROPOSAL_EXPIRED")
    for told in _records(before.policy_change):
        change = _change_of(told)
        if not change.is_as_told:
            standing.settled[change.change_id] = "CHANGE_EDITED"
        elif told["change_state"] != "proposed":
            over = "CHANGE_SUPERSEDED" if told["change_state"] == "superseded" else "PROPOSAL_EXPIRED"
            if standing.settled.get(change.change_id) != "ALREADY_DECIDED":
                standing.settled[change.change_id] = over
        elif change.kind != "override":
            standing.pending[change.change_id] = change
    for told in _records(before.policy_override):
        override = _override_of(told, standing.rules)
        if not override.is_as_told:
            standing.settled[override.change_id] = "CHANGE_EDITED"
        elif told["override_state"] == "pending":
            standing.pending[override.change_id] = override
        elif told["override_state"] == "active":
            standing.active[override.change_id] = override


def events_to_judge(policy_event: pd.DataFrame | None, approval: pd.DataFrame | None) -> list[Event]:
    """The ledger's events that no earlier release has judged, in the ledger's order."""
    if policy_event is None or not len(policy_event):
        return []
    known = set() if approval is None else set(approval["event_id"])
    new = policy_event[~policy_event["event_id"].isin(known)].sort_values("ledger_seq", kind="stable")
    return [dict(told) for told in records_of(new)]


def change_row(change: Change, rule: Rule, event: Mapping[str, Any], as_of: pd.Timestamp) -> Row:
    """One row of `opt_out__policy_change`, without what holds at its item-location today."""
    waits = rule.state == "proposed"
    is_decision = event.get("policy_decision") in ("approved", "rejected", "withdrawn")
    return {
        "change_id": change.change_id,
        "item_id": change.item_id,
        "location_id": change.location_id,
        "change_kind": change.kind,
        "change_state": rule.state,
        "author": change.author,
        "old_reorder_point_units": _or_none(change.old[0]),
        "old_order_up_to_units": _or_none(change.old[1]),
        "new_reorder_point_units": change.new[0],
        "new_order_up_to_units": change.new[1],
        "proposed_date": change.proposed,
        "inputs_hash": change.inputs_hash,
        "content_hash": change.content_hash,
        "reason_code": rule.reason,
        "approval_rule": rule.name,
        "approval_rule_text": rule.text,
        "approver": event["actor"] if is_decision and rule.state != "withdrawn" else None,
        "decided_at": event["event_at"] if is_decision else None,
        "reason": change.reason,
        "comment": event.get("comment") if is_decision else None,
        "owner": change.owner,
        "expires_date": change.waits_until if waits else change.ends,
        "days_pending": (as_of - change.proposed).days if waits else None,
    }


def approval_rows(
    before: Before,
    verdicts: Sequence[tuple[Event, str]],
    authors: Mapping[str, str | None],
    rules: GovernanceParameters,
) -> list[Row]:
    """Rows of `opt_out__approval`: those of earlier releases, then today's verdicts."""
    return [*_records(before.approval), *(_approval_row(*one, authors, rules) for one in verdicts)]


def override_rows(
    before: Before,
    standing: Standing,
    begun: Mapping[str, Rule],
    bases: Mapping[str, Two],
    money: Callable[[Change], float],
    as_of: pd.Timestamp,
) -> list[Row]:
    """Rows of `opt_out__policy_override`: all there ever were, where each stands today."""
    rows = {str(told["override_id"]): told for told in _records(before.policy_override)}
    outcomes = [one for one in standing.outcomes if one.change.kind == "override"]
    for change in [*(one.change for one in outcomes), *standing.pending.values()]:
        if change.kind == "override" and change.change_id not in rows:
            rows[change.change_id] = _new_override(change, money(change))
    for outcome in outcomes:
        _settle(rows[outcome.change.change_id], outcome.state, outcome.event, as_of)
    for change_id in standing.active:
        told = rows[change_id]
        if change_id in begun:
            rule = begun[change_id]
            base = bases[change_id]
            told |= {"effective_from": as_of, "approval_rule": rule.name, "approval_rule_text": rule.text}
            told |= {
                "base_reorder_point_units": _or_none(base[0]),
                "base_order_up_to_units": _or_none(base[1]),
            }
        elif change_id in bases:
            told |= {
                "base_reorder_point_units": _or_none(bases[change_id][0]),
                "base_order_up_to_units": _or_none(bases[change_id][1]),
            }
    for told in rows.values():
        open_ = told["override_state"] in ("pending", "active")
        told["days_to_expiry"] = max((pd.Timestamp(told["expires_date"]) - as_of).days, 0) if open_ else None
    return [rows[name] for name in sorted(rows)]


def _settle(told: Row, state: str, event: Mapping[str, Any], as_of: pd.Timestamp) -> None:
    was_active = told["override_state"] == "active" and told.get("effective_from") is not None
    told["override_state"] = _STATE_OF_OVERRIDE.get(state, state)
    if state in ("approved", "rejected"):
        told |= {"approver": event["actor"], "decided_at": event["event_at"], "comment": event.get("comment")}
    if was_active and state in ("ended", "superseded"):
        # Today's value is another one already.
        told["effective_to"] = as_of - pd.Timedelta(days=1)
    elif was_active and state == "run_out":
        told["effective_to"] = pd.Timestamp(told["expires_date"])


def _new_override(change: Change, value: float) -> Row:
    return {
        "override_id": change.change_id,
        "item_id": change.item_id,
        "location_id": change.location_id,
        "reorder_point_units": change.new[0],
        "order_up_to_units": change.new[1],
        "old_reorder_point_units": _or_none(change.old[0]),
        "old_order_up_to_units": _or_none(change.old[1]),
        "override_state": "pending",
        "author": change.author,
        "owner": change.owner,
        "reason": change.reason,
        "proposed_date": change.proposed,
        "expires_date": change.ends,
        "change_value": value,
        "content_hash": change.content_hash,
    }


def _approval_row(
    event: Event, refusal: str, authors: Mapping[str, str | None], rules: GovernanceParameters
) -> Row:
    decision = str(event["policy_decision"])
    is_override = decision in ("overridden", "override_ended")
    return {
        **{
            name: event.get(name) for name in ("event_id", "ledger_seq", "event_at", "business_date", "actor")
        },
        **{name: event.get(name) for name in ("item_id", "location_id", "content_hash", "comment")},
        "recorded_by": event.get("recorded_by"),
        "subject_type": "policy_override" if is_override else "policy_change",
        "subject": event["change_id"],
        "decided_what": decision,
        "author": authors.get(str(event["event_id"])),
        "actor_role": role_of(str(event["actor"]), rules),
        "is_effective": not refusal,
        "refusal_reason": refusal or None,
    }


def _change_of(told: Row) -> Change:
    """A change as the last release told it."""
    proposed = pd.Timestamp(told["proposed_date"]).normalize()
    waits = day_of(told["expires_date"])
    return Change(
        change_id=str(told["change_id"]),
        kind=str(told["change_kind"]),
        item_id=str(told["item_id"]),
        location_id=str(told["location_id"]),
        old=levels_of(told, "old"),
        new=levels_of(told, "new"),
        author=str(told["author"]),
        content_hash=str(told["content_hash"]),
        proposed=proposed,
        waits_until=proposed if waits is None else waits,
        reason=text_of(told["reason"]),
        owner=text_of(told["owner"]),
        inputs_hash=str(told["inputs_hash"]),
    )


def _override_of(told: Row, rules: GovernanceParameters) -> Change:
    """An override as the last release told it, as the change that it is."""
    event = {
        **told,
        "change_id": told["override_id"],
        "actor": told["author"],
        "business_date": told["proposed_date"],
        "new_reorder_point_units": told["reorder_point_units"],
        "new_order_up_to_units": told["order_up_to_units"],
    }
    return asked_change(event, "override", rules)


def _records(frame: pd.DataFrame | None) -> list[Row]:
    return [] if frame is None else records_of(frame)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
