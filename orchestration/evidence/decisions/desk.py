"""Where people decide: what waits now, and each decision written only when the fold would let it count.

The desk stands on the current release and on what was written into the ledger since. It judges by the same
rules as the day's run, so that what is refused there is refused here before it is written.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import pandas as pd

from optimization.contracts.approval_tables import (
    APPROVAL,
    DEMAND_PLAN_APPROVAL,
    POLICY_CHANGE,
    POLICY_OVERRIDE,
)
from optimization.contracts.table import Table
from optimization.errors import StockplanError
from optimization.parameters import GovernanceParameters
from optimization.policy.changes import Change, Pair, Two, asked_id, content_hash, day_of
from optimization.policy.decisions import Place, Standing
from optimization.policy.governed_rows import Before, events_to_judge, restored
from optimization.reasons import REASONS
from orchestration.evidence.decisions.events import (
    DEMAND_PLAN_FAMILY,
    POLICY_FAMILY,
    REVIEW_FAMILY,
    read_demand_plan_events,
    read_policy_events,
)
from orchestration.lake.events import Event, moment_text
from orchestration.lake.ledger import GENESIS, Ledger
from orchestration.lake.parquet import arrow_to_frame, read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import Release, current_release, releases
from orchestration.settings import Settings

_NEXT_STEP = {
    "SELF_APPROVAL": "Ask somebody else to decide",
    "NOT_AN_APPROVER": "Ask one of those that governance.approvers in stockplan.yaml names",
    "NOT_A_PLANNER": "Ask one of those that governance.planners in stockplan.yaml names",
    "UNKNOWN_CHANGE": "List what waits with: stockplan policy pending",
    "ALREADY_DECIDED": "See what was decided with: stockplan policy history",
    "CHANGE_SUPERSEDED": "List what waits with: stockplan policy pending",
    "PROPOSAL_EXPIRED": "List what waits with: stockplan policy pending",
    "OVERRIDE_NOT_OPEN": "List overrides with: stockplan show policy_override",
    "UNKNOWN_ITEM_LOCATION": "Look for keys with: stockplan show policy",
    "UNKNOWN_PLAN_VERSION": "List versions with: stockplan show demand_plan_approval",
}
# A decision of a day that is further from the current release would count for no run that comes next.
_MOST_DAYS_AFTER_RELEASE = 31


@dataclass
class DecisionDesk:
    """The current release, the ledger since, and who may do what. `clock` is the business time (UTC).

    `value_limit`: worth of a person's change, at cost, up to which it takes effect by rule. `origin`: what
    every event says besides, of where it was taken from.
    """

    lake: Lake
    ledger: Ledger
    rules: GovernanceParameters
    clock: Callable[[], datetime]
    value_limit: float = 0.0
    origin: Mapping[str, str] = field(default_factory=dict)
    # Values at cost of changes that a release has told.
    _values: dict[str, float] = field(default_factory=dict)
    # Why events since the release change nothing ('' where they do), and the last event that was read.
    _verdicts: dict[str, str] = field(default_factory=dict)
    _last_seq: int = 0

    @classmethod
    def of(cls, settings: Settings, clock: Callable[[], datetime]) -> DecisionDesk:
        """The desk of an installation."""
        lake = Lake(settings.home.resolve())
        return cls(
            lake,
            Ledger(lake.ledger_file),
            settings.governance.parameters(),
            clock,
            settings.policy.auto_approve_value,
        )

    @cached_property
    def base(self) -> Release:
        """The current release. Raises `StockplanError` before the first, or for one without decisions."""
        base = current_release(self.lake)
        if base is None:
            raise StockplanError("there is no release yet to decide about; run a business date first")
        if "approval" not in base.tables:
            raise StockplanError(
                f"release {base.release_id} tells nothing of approvals; run a business date with this version"
            )
        return base

    def table(self, name: str, table: Table) -> pd.DataFrame:
        """A published table of the current release as the contract's frame."""
        return arrow_to_frame(read_arrow(self.base.table(name)), table)

    @cached_property
    def standing(self) -> Standing:
        """What waits and holds after everything that was written until now."""
        columns = ["item_id", "location_id", "reorder_point_units", "order_up_to_units"]
        policy = read_arrow(self.base.table("policy")).select(columns).to_pandas()
        before = Before(
            policy,
            self.table("policy_change", POLICY_CHANGE),
            self.table("approval", APPROVAL),
            self.table("policy_override", POLICY_OVERRIDE),
        )
        places = {
            (item, location): Place((point, level), point % 1 == 0 and level % 1 == 0)
            for item, location, point, level in policy.itertuples(index=False, name=None)
        }
        standing = Standing(places, self.rules)
        restored(standing, before)
        self._last_seq = self.ledger.seq_of(self.ledger.head())
        told = read_policy_events(self.ledger, None, self._last_seq).events
        for event in events_to_judge(told, before.approval):
            self._verdicts[str(event["event_id"])] = standing.judge(event)
        for frame, key in ((before.policy_change, "change_id"), (before.policy_override, "override_id")):
            if frame is not None:
                self._values |= dict(zip(frame[key], frame["change_value"].astype(float), strict=True))
        return standing

    def value_of(self, change: Change) -> float | None:
        """What a change is worth at cost, of the order-up-to level as the run reckons it; None if unknown."""
        cost = self._unit_costs.get(change.pair)
        if change.change_id in self._values or cost is None:
            return self._values.get(change.change_id)
        return (change.new[1] - (0.0 if change.old[1] != change.old[1] else change.old[1])) * cost

    def needs_approval(self, change: Change) -> bool:
        """Whether a change that waits needs an approver; else the next run lets it through by rule."""
        value = self.value_of(change)
        return change.kind == "calculated" or value is None or abs(value) > self.value_limit

    @cached_property
    def _unit_costs(self) -> dict[Pair, float]:
        if "policy_input" not in self.base.tables:
            return {}
        columns = ["item_id", "location_id", "unit_cost"]
        rows = read_arrow(self.base.table("policy_input")).select(columns).to_pandas().dropna()
        return {(item, location): cost for item, location, cost in rows.itertuples(index=False, name=None)}

    @property
    def next_date(self) -> date:
        """The business date from which a decision of now counts."""
        return max(self.base.as_of + timedelta(days=1), self.clock().date())

    def propose(self, item: str, location: str, levels: Two, reason: str, actor: str) -> Event:
        """Propose levels for an item-location, and return the event."""
        return self._ask("proposed", item, location, levels, reason, actor, None, None)

    def override(
        self, item: str, location: str, levels: Two, reason: str, owner: str, expires: date, actor: str
    ) -> Event:
        """Pin levels of an item-location up to and with a day, and return the event."""
        return self._ask("overridden", item, location, levels, reason, actor, owner, pd.Timestamp(expires))

    def decide(self, change_id: str, decision: str, comment: str, actor: str) -> Event:
        """Approve, reject or withdraw a change that waits, or end an override; return the event.

        `decision` is approved, rejected, withdrawn or override_ended. Raises `StockplanError` with the
        rule that it breaks; nothing is written then.
        """
        found = self.standing.pending.get(change_id) or self.standing.active.get(change_id)
        payload: dict[str, Any] = {"change_id": change_id, "comment": comment}
        payload["content_hash"] = "" if found is None else found.content_hash
        if found is not None:
            payload |= {"item_id": found.item_id, "location_id": found.location_id}
        return self._write(decision, change_id, payload, actor)

    def levels_at(self, release_id: str, item: str, location: str) -> Two:
        """Levels that a release on the shelf has published for an item-location."""
        found = next((one for one in releases(self.lake) if one.release_id == release_id), None)
        if found is None:
            raise StockplanError(f"there is no release {release_id}; list them with: stockplan releases")
        rows = read_arrow(found.table("policy")).to_pandas()
        row = rows[(rows["item_id"] == item) & (rows["location_id"] == location)]
        if not len(row):
            raise StockplanError(f"release {release_id} has no policy of {item} at {location}")
        return float(row["reorder_point_units"].iloc[0]), float(row["order_up_to_units"].iloc[0])

    def complete_review(self, done: date | None, comment: str, actor: str) -> Event:
        """Write that the policies were reviewed, today or on an earlier day; return the event."""
        completed = self.next_date if done is None else done
        if completed > self.next_date:
            raise StockplanError(f"{completed} is still to come; a review is told when it is done")
        payload = {"completed_date": completed.isoformat(), "comment": comment}
        return self._append(REVIEW_FAMILY, "completed", "policy", payload, actor)

    def decide_plan(self, version: str, decision: str, comment: str, actor: str) -> Event:
        """Approve or reject a version of the demand plan, and return the event."""
        from optimization.contracts.rows import records_of
        from optimization.demand.plan_approval import refusal_of

        versions = self.table("demand_plan_approval", DEMAND_PLAN_APPROVAL)
        rows = {str(row["plan_version"]): row for row in records_of(versions)}
        payload = {"content_hash": rows.get(version, {}).get("content_hash", ""), "comment": comment}
        told = {"demand_plan_decision": decision, "actor": actor, **payload}
        known = read_demand_plan_events(self.ledger, None).events
        decided = known.loc[known["plan_version"] == version, "demand_plan_decision"].tolist()
        is_told = bool(decided) and decided[-1] == decision
        refusal = "ALREADY_DECIDED" if is_told else refusal_of(rows.get(version), told, self.rules)
        if refusal:
            raise StockplanError(_refused(refusal))
        return self._append(DEMAND_PLAN_FAMILY, decision, version, payload, actor)

    def _ask(
        self,
        what: str,
        item: str,
        location: str,
        levels: Two,
        reason: str,
        actor: str,
        owner: str | None,
        ends: pd.Timestamp | None,
    ) -> Event:
        place = self.standing.places.get((item, location))
        if place is None:
            raise StockplanError(_refused("UNKNOWN_ITEM_LOCATION"))
        kind = "planner" if what == "proposed" else "override"
        new = float(levels[0]), float(levels[1])
        content = content_hash(kind, (item, location), place.old, new, actor, reason, owner, ends)
        payload = {
            "change_id": asked_id(content, moment_text(self.clock())),
            "content_hash": content,
            "item_id": item,
            "location_id": location,
            "old_reorder_point_units": place.old[0],
            "old_order_up_to_units": place.old[1],
            "new_reorder_point_units": new[0],
            "new_order_up_to_units": new[1],
            "reason": reason,
            "owner": owner,
            "expires_date": None if ends is None else ends.date().isoformat(),
        }
        return self._write(what, f"{item}/{location}", payload, actor)

    def _write(self, what: str, subject: str, payload: Mapping[str, Any], actor: str) -> Event:
        """Judge one event as the run will, then write it. Raises `StockplanError` with the rule it breaks."""
        told = {
            **payload,
            "policy_decision": what,
            "actor": actor,
            "event_at": None,
            "business_date": pd.Timestamp(self.next_date),
            "expires_date": day_of(payload.get("expires_date")),
        }
        self._check_clock()
        refusal = self.standing.judge(told)
        if refusal == "EXPIRY_IMPLAUSIBLE":
            longest = self.next_date + timedelta(days=self.rules.override_max_days)
            raise StockplanError(
                f"{_refused(refusal)} Today is {self.clock().date()}, so it begins on {self.next_date}: its "
                f"last day may be {self.next_date} to {longest} (governance.override_max_days "
                f"{self.rules.override_max_days})"
            )
        if refusal:
            raise StockplanError(_refused(refusal))
        before = self._last_seq
        event = self._append(POLICY_FAMILY, what, subject, payload, actor)
        if event.seq != before + 1:
            self._look_again(event)
        return event

    def _look_again(self, event: Event) -> None:
        """Somebody wrote between the judgement and the event: whether it counts hangs on what they wrote."""
        again = replace(self, _values={}, _verdicts={})
        self.__dict__["standing"] = again.standing
        self._last_seq = again._last_seq
        refusal = again._verdicts.get(event.event_id)
        if refusal:
            text = REASONS[refusal].removeprefix("Refused: ")
            raise StockplanError(
                f"{refusal}: {text}. Somebody else decided at the same moment and came first: event "
                f"{event.seq} was written and changes nothing. "
                "See what was decided with: stockplan policy history"
            )

    def _check_clock(self) -> None:
        """Raise `StockplanError` where a decision of today would count for none of the runs to come."""
        today = self.clock().date()
        if (today - self.base.as_of).days <= _MOST_DAYS_AFTER_RELEASE:
            return
        raise StockplanError(
            f"today is {today}, and the current release is of {self.base.as_of}: a decision of today would "
            f"count for no run before {today}. Nothing was written. In a replay of past dates, such as the "
            f"demo, set STOCKPLAN_TODAY={self.base.as_of}; else run newer business dates first"
        )

    def _append(self, family: str, what: str, subject: str, payload: Mapping[str, Any], actor: str) -> Event:
        self._check_clock()
        # A ledger whose end was cut off lacks what the release has read: nothing is written after the cut.
        self.ledger.seq_of(self.base.manifest.get("ledger_head", GENESIS))
        stated = {name: value for name, value in payload.items() if value is not None}
        event = self.ledger.append_timed(
            family,
            what,
            subject=subject,
            business_date=self.next_date,
            actor=actor,
            payload={**stated, **self.origin, "recorded_by": getpass.getuser()},
            clock=self.clock,
        )
        self._last_seq = event.seq
        return event


def _refused(reason: str) -> str:
    text = REASONS[reason].removeprefix("Refused: ")
    step = _NEXT_STEP.get(reason)
    return f"{reason}: {text}. Nothing was written." + (f" {step}." if step else "")
