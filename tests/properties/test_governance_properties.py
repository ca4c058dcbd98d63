"""Whatever people and the calculation do, day by day: no value without approval, no two overrides at once."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from optimization.parameters import GovernanceParameters
from optimization.policy.governed_day import Governed
from tests.governance_days import LIMITS, UNIT_COST, Company

PEOPLE = st.sampled_from(["ann", "bob", "eve"])
ITEMS = st.sampled_from(["A", "B"])
LEVELS = st.tuples(st.integers(0, 90), st.integers(0, 60)).map(lambda two: (float(two[0]), float(sum(two))))


class Governance(RuleBasedStateMachine):
    """Days of two item-locations; every decision of anybody about anything that was ever asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.company = Company(
            GovernanceParameters(approval_days=2, override_max_days=6, review_cadence_days=3)
        )
        self.calculated = {"A": (20.0, 40.0), "B": (20.0, 40.0)}
        self.changes: dict[str, str] = {}
        self.found: Governed | None = None

    @initialize()
    def first_release(self) -> None:
        self.publish()

    @rule(item=ITEMS, levels=LEVELS)
    def calculate(self, item: str, levels: tuple[float, float]) -> None:
        self.calculated[item] = levels

    @rule(item=ITEMS, levels=LEVELS, actor=PEOPLE)
    def propose(self, item: str, levels: tuple[float, float], actor: str) -> None:
        self._asked(self.company.propose(item, *levels, actor))

    @rule(item=ITEMS, levels=LEVELS, actor=PEOPLE, days=st.integers(-1, 8))
    def override(self, item: str, levels: tuple[float, float], actor: str, days: int) -> None:
        self._asked(self.company.propose(item, *levels, actor, ends_in=days))

    @rule(
        what=st.sampled_from(["approved", "approved", "rejected", "withdrawn", "override_ended"]),
        actor=PEOPLE,
        pick=st.integers(0, 50),
    )
    def decide(self, what: str, actor: str, pick: int) -> None:
        if self.changes:
            change_id = sorted(self.changes)[pick % len(self.changes)]
            self.company.decide(what, change_id, actor, self.changes[change_id])

    @rule(days=st.integers(1, 4))
    def publish(self, days: int = 1) -> None:
        self.found = self.company.publish(self.calculated, days)
        told = self.found.policy_change
        self.changes |= dict(zip(told["change_id"], told["content_hash"], strict=True))

    def _asked(self, change_id: str) -> None:
        self.changes[change_id] = self.company.content_of(change_id)

    @invariant()
    def nobody_approves_their_own(self) -> None:
        if self.found is not None:
            told = self.found.policy_change
            assert not (told["approver"] == told["author"]).any()
            counts = self.found.approval[self.found.approval["is_effective"]]
            approved = counts[counts["decided_what"] == "approved"]
            assert not (approved["actor"] == approved["author"]).any()
            assert not approved["subject"].duplicated().any(), "an approval counts once"

    @invariant()
    def a_large_step_has_an_approval_or_is_the_end_of_an_override(self) -> None:
        if self.found is None:
            return
        step = abs(self.found.effective[1] - self.found.old[1]) * UNIT_COST
        for row in (step > LIMITS.auto_approve_value).nonzero()[0].tolist():
            item = sorted(self.calculated)[row]
            told = self.found.policy_change[self.found.policy_change["item_id"] == item]
            rules = set(told["approval_rule"].dropna())
            assert rules & {"approver", "override_over"}, (item, told.to_dict("records"))

    @invariant()
    def overrides_of_one_place_never_overlap(self) -> None:
        if self.found is None:
            return
        held = self.found.policy_override.dropna(subset=["effective_from"])
        ends = held["effective_to"].fillna(self.company.day)
        for _, one in held.assign(until=ends).sort_values("effective_from").groupby("item_id"):
            assert (one["effective_from"].iloc[1:].to_numpy() > one["until"].iloc[:-1].to_numpy()).all()

    @invariant()
    def what_holds_is_told(self) -> None:
        if self.found is None:
            return
        active = self.found.policy_override[self.found.policy_override["override_state"] == "active"]
        assert not active["item_id"].duplicated().any()
        for item, point, level in active[["item_id", "reorder_point_units", "order_up_to_units"]].to_numpy():
            assert self.company.level(item) == (point, level)


TestGovernance = Governance.TestCase
TestGovernance.settings = settings(
    max_examples=6, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
