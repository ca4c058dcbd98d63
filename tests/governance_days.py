"""Days of governance in small: a few item-locations, what is calculated for them, and what people do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from optimization.contracts.approval_tables import POLICY_EVENT
from optimization.contracts.rows import frame_of
from optimization.parameters import GovernanceParameters, PolicyParameters
from optimization.policy.changes import asked_id, content_hash, levels_of
from optimization.policy.governed_day import Calculated, Governed
from optimization.policy.governed_rows import Before
from optimization.policy.publication import governed

FIRST_DAY = pd.Timestamp("2024-03-04")
LIMITS = PolicyParameters(auto_approve_value=500.0)
UNIT_COST = 10.0
LOCATION = "L1"


@dataclass
class Company:
    """Item-locations (item, L1) whose policy is calculated, decided and published day by day."""

    rules: GovernanceParameters = field(default_factory=GovernanceParameters)
    limits: PolicyParameters = LIMITS
    day: pd.Timestamp = FIRST_DAY
    before: Before = field(default_factory=Before)
    events: list[dict[str, Any]] = field(default_factory=list)

    def publish(
        self, levels: dict[str, tuple[float, float]], days: int = 1, events: pd.DataFrame | None = None
    ) -> Governed:
        """Publish the day with these calculated levels and events, then go on by `days`."""
        told = self.frame() if events is None else events
        found = governed(_calculated(levels), told, self.before, self.day, self.limits, self.rules)
        policy = pd.DataFrame(
            {
                "item_id": sorted(levels),
                "location_id": LOCATION,
                "reorder_point_units": found.effective[0],
                "order_up_to_units": found.effective[1],
                **found.held,
            }
        )
        self.before = Before(policy, found.policy_change, found.approval, found.policy_override)
        self.day += pd.Timedelta(days=days)
        return found

    def frame(self) -> pd.DataFrame:
        """The events as the run reads them."""
        return frame_of(POLICY_EVENT, [one for one in self.events if one["business_date"] <= self.day])

    def decide(self, what: str, change_id: str, actor: str, content: str | None = None) -> str:
        """Somebody approves, rejects, withdraws or ends; returns the event's id."""
        return self.write(
            what, actor, change_id=change_id, content_hash=content or self.content_of(change_id)
        )

    def propose(
        self, item: str, point: float, level: float, actor: str, *, ends_in: int | None = None, **told: Any
    ) -> str:
        """Somebody asks for levels, for a time when `ends_in` days are given; returns the change's id."""
        kind = "planner" if ends_in is None else "override"
        ends = None if ends_in is None else self.day + pd.Timedelta(days=ends_in)
        old = self.level(item)
        new, reason, owner = (
            (point, level),
            told.get("reason", "known better"),
            None if ends is None else actor,
        )
        content = content_hash(kind, (item, LOCATION), old, new, actor, reason, owner, ends)
        change_id = asked_id(content, str(len(self.events)))
        self.write(
            "proposed" if ends is None else "overridden",
            actor,
            **{
                "change_id": change_id,
                "content_hash": content,
                "item_id": item,
                "location_id": LOCATION,
                "old_reorder_point_units": old[0],
                "old_order_up_to_units": old[1],
                "new_reorder_point_units": point,
                "new_order_up_to_units": level,
                "reason": reason,
                "owner": owner,
                "expires_date": ends,
            }
            | told,
        )
        return change_id

    def write(self, what: str, actor: str, **told: Any) -> str:
        """Write any event; returns its id."""
        number = len(self.events) + 1
        self.events.append(
            {
                "event_id": f"E{number}",
                "ledger_seq": number,
                "event_at": self.day + pd.Timedelta(hours=9, seconds=number),
                "business_date": self.day,
                "policy_decision": what,
                "actor": actor,
                **told,
            }
        )
        return f"E{number}"

    def level(self, item: str) -> tuple[float, float]:
        """What holds for an item by the last release."""
        assert self.before.policy is not None
        row = self.before.policy.set_index("item_id").loc[item]
        return float(row["reorder_point_units"]), float(row["order_up_to_units"])

    def content_of(self, change_id: str) -> str:
        """Fingerprint of a change that was published or asked for."""
        asked = [
            one["content_hash"] for one in self.events if one.get("item_id") and one["change_id"] == change_id
        ]
        published = self.before.policy_change
        assert published is not None
        return asked[0] if asked else str(published.set_index("change_id").loc[change_id, "content_hash"])


def verdict(found: Governed, event_id: str) -> str:
    """Why an event changed nothing; '' when it did."""
    reason = found.approval.set_index("event_id").loc[event_id, "refusal_reason"]
    return reason if isinstance(reason, str) else ""


def change_of(found: Governed, item: str) -> dict[str, Any]:
    """The one change of an item that was published."""
    rows = found.policy_change[found.policy_change["item_id"] == item]
    assert len(rows) == 1, rows
    return {str(name): value for name, value in rows.iloc[0].items()}


def old_of(told: dict[str, Any]) -> tuple[float, float]:
    """Levels before a change."""
    return levels_of(told, "old")


def _calculated(levels: dict[str, tuple[float, float]]) -> Calculated:
    items = sorted(levels)
    n = len(items)
    no, text = np.zeros(n, dtype=np.bool_), np.full(n, "", dtype=object)
    wanted = np.array([levels[item] for item in items], dtype=np.float64).reshape(n, 2)
    return Calculated(
        keys=pd.DataFrame({"item_id": items, "location_id": LOCATION}),
        wanted=(wanted[:, 0].copy(), wanted[:, 1].copy()),
        unit_cost=np.full(n, UNIT_COST),
        is_kept=no,
        is_over=no,
        inputs_hash=np.array([f"{item}{levels[item]}" for item in items], dtype=object),
        reason=text + "SERVICE_TARGET",
        method=text + "fill",
        status=text + "OK",
    )
