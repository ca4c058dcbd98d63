"""What people's decisions do to the changes that wait: a fold over the ledger's events, one by one.

    proposed -> approved | rejected | withdrawn | superseded (| expired, which the date alone does)

An event that breaks a rule changes nothing and keeps its reason. The same fold judges an event before
the tool writes it and when the day's run reads it, so that nothing counts that was written otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.parameters import GovernanceParameters
from optimization.policy.changes import (
    Change,
    Numbers,
    Pair,
    Two,
    day_of,
    levels_of,
    text_of,
)
from optimization.roles import SYSTEM, may_approve, may_plan, same_person

Event = Mapping[str, Any]
# No level of a part or vehicle is so high; what is, was mistyped.
_HIGHEST = 1e9


@dataclass(frozen=True)
class Place:
    """What holds at an item-location: its levels before the day, and whether levels are whole units."""

    old: Two
    is_whole: bool


class Places(Mapping[Pair, Place]):
    """What holds at every planned item-location, made when it is asked for; `row_of` its row."""

    def __init__(
        self, row_of: Mapping[Pair, int], old: tuple[Numbers, Numbers], whole: npt.NDArray[np.bool_]
    ) -> None:
        self._row_of, self._old, self._whole = row_of, old, whole

    def __getitem__(self, pair: Pair) -> Place:
        row = self._row_of[pair]
        return Place((float(self._old[0][row]), float(self._old[1][row])), bool(self._whole[row]))

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._row_of)

    def __len__(self) -> int:
        return len(self._row_of)


@dataclass(frozen=True)
class Outcome:
    """What became of a change: the state it is in from now on, and the event that did it."""

    change: Change
    state: str
    event: Event


@dataclass
class Standing:
    """Where changes stand. `pending` wait; `active` are overrides that hold; `settled` are over.

    `settled` gives, per change_id, the reason for which a further decision on it changes nothing.
    `places`: what holds at every planned item-location. `outcomes` gathers what events have done.
    """

    places: Mapping[Pair, Place]
    rules: GovernanceParameters
    pending: dict[str, Change] = field(default_factory=dict)
    active: dict[str, Change] = field(default_factory=dict)
    settled: dict[str, str] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    def judge(self, event: Event) -> str:
        """Apply one event, a row of `ledger__policy_event`; return why it changes nothing, '' if it does."""
        if same_person(str(event["actor"]), SYSTEM):
            return "RESERVED_NAME"
        decision = str(event["policy_decision"])
        if decision in ("proposed", "overridden"):
            return self._ask(event, "planner" if decision == "proposed" else "override")
        if decision == "override_ended":
            return self._end(event)
        return self._decide(event, decision)

    def author_of(self, change_id: str) -> str | None:
        """Who wrote a change that waits or holds."""
        change = self.pending.get(change_id) or self.active.get(change_id)
        return None if change is None else change.author

    def _ask(self, event: Event, kind: str) -> str:
        change = asked_change(event, kind, self.rules)
        if change.change_id in self.pending or change.change_id in self.active:
            return "ALREADY_PROPOSED"
        if change.change_id in self.settled:
            return "ALREADY_PROPOSED"
        if not may_plan(change.author, self.rules):
            return "NOT_A_PLANNER"
        place = self.places.get(change.pair)
        if place is None:
            return "UNKNOWN_ITEM_LOCATION"
        fault = self._fault(change, place, event)
        if fault:
            return fault
        self._supersede(change.pair, event)
        self.pending[change.change_id] = change
        return ""

    def _fault(self, change: Change, place: Place, event: Event) -> str:
        point, level = change.new
        if not (0 <= point <= level <= _HIGHEST):
            return "LEVELS_IMPLAUSIBLE"
        if place.is_whole and (point % 1 or level % 1):
            return "LEVELS_NOT_WHOLE"
        if not np.allclose(change.old, place.old, rtol=0.0, atol=1e-6, equal_nan=True):
            return "OLD_VALUE_MOVED"
        if not change.reason:
            return "WITHOUT_REASON"
        if change.kind == "override":
            if not change.owner:
                return "WITHOUT_OWNER"
            longest = change.proposed + pd.Timedelta(days=self.rules.override_max_days)
            if change.ends is None or not change.proposed <= change.ends <= longest:
                return "EXPIRY_IMPLAUSIBLE"
        return "" if change.is_as_told else "CHANGE_EDITED"

    def _decide(self, event: Event, decision: str) -> str:
        change_id, actor = str(event["change_id"]), str(event["actor"])
        change = self.pending.get(change_id)
        if change is None:
            return (
                "ALREADY_DECIDED"
                if change_id in self.active
                else self.settled.get(change_id, "UNKNOWN_CHANGE")
            )
        if pd.Timestamp(event["business_date"]) > change.waits_until:
            return "PROPOSAL_EXPIRED"
        if str(event["content_hash"]) != change.content_hash:
            return "CHANGE_EDITED"
        if decision == "withdrawn":
            if not same_person(actor, change.author):
                return "NOT_THE_AUTHOR"
        elif not may_approve(actor, self.rules):
            return "NOT_AN_APPROVER"
        elif decision == "approved" and same_person(actor, change.author):
            return "SELF_APPROVAL"
        elif decision == "approved" and change.pair not in self.places:
            # There is nothing that it could put into force.
            return "NO_LONGER_PLANNED"
        del self.pending[change_id]
        self.settled[change_id] = "ALREADY_DECIDED"
        self.outcomes.append(Outcome(change, decision, event))
        if decision == "approved" and change.kind == "override":
            self.begin(change, event)
        return ""

    def begin(self, override: Change, event: Event) -> None:
        """Let an override hold from now on, in the place of another of the same item-location."""
        for other in [one for one in self.active.values() if one.pair == override.pair]:
            del self.active[other.change_id]
            self.settled[other.change_id] = "CHANGE_SUPERSEDED"
            self.outcomes.append(Outcome(other, "superseded", event))
        self.active[override.change_id] = override
        self.settled.pop(override.change_id, None)

    def _end(self, event: Event) -> str:
        change_id, actor = str(event["change_id"]), str(event["actor"])
        override = self.active.get(change_id)
        if override is None:
            return "OVERRIDE_NOT_OPEN"
        if str(event["content_hash"]) != override.content_hash:
            return "CHANGE_EDITED"
        if not (may_plan(actor, self.rules) or may_approve(actor, self.rules)):
            return "NOT_A_PLANNER"
        del self.active[change_id]
        self.settled[change_id] = "ALREADY_DECIDED"
        self.outcomes.append(Outcome(override, "ended", event))
        return ""

    def _supersede(self, pair: Pair, event: Event) -> None:
        """Whatever waits at the item-location gives way to what was asked for last."""
        for other in [one for one in self.pending.values() if one.pair == pair]:
            del self.pending[other.change_id]
            self.settled[other.change_id] = "CHANGE_SUPERSEDED"
            self.outcomes.append(Outcome(other, "superseded", event))


def asked_change(event: Event, kind: str, rules: GovernanceParameters) -> Change:
    """The change that an event of a person asks for, as it was told; nothing of it is judged here."""
    proposed = pd.Timestamp(event["business_date"]).normalize()
    ends = day_of(event.get("expires_date")) if kind == "override" else None
    waits = proposed + pd.Timedelta(days=rules.approval_days)
    return Change(
        change_id=str(event["change_id"]),
        kind=kind,
        item_id=str(event.get("item_id")),
        location_id=str(event.get("location_id")),
        old=levels_of(event, "old"),
        new=levels_of(event, "new"),
        author=str(event["actor"]),
        content_hash=str(event["content_hash"]),
        proposed=proposed,
        waits_until=waits if ends is None else min(waits, ends),
        reason=text_of(event.get("reason")),
        owner=text_of(event.get("owner")),
        ends=ends,
    )
