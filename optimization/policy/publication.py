"""What of today's calculation takes effect: dead band, limits, decisions of people, overrides that hold.

    draft -> proposed -> approved | rejected | expired -> in force -> superseded

Today's calculation is the draft. It takes effect by a declared rule (first value, dead band, value limit)
or by an approval; until then the value that held stays. An override that holds goes before everything, a
person's decision holds against the calculation for as long as what was calculated then stays near.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.approval_tables import APPROVAL, POLICY_CHANGE, POLICY_OVERRIDE
from optimization.contracts.rows import frame_of
from optimization.parameters import GovernanceParameters, PolicyParameters
from optimization.policy.approval_rules import Rule, rule_of, rule_text
from optimization.policy.changes import (
    Change,
    Two,
    calculated_id,
    content_hash,
    within_band,
)
from optimization.policy.dead_band import change_states
from optimization.policy.decisions import Outcome, Places, Standing
from optimization.policy.governed_day import Calculated, Governed, Levels
from optimization.policy.governed_rows import (
    Before,
    approval_rows,
    change_row,
    events_to_judge,
    override_rows,
    restored,
)
from optimization.roles import SYSTEM

Flags = npt.NDArray[np.bool_]


def governed(
    calculated: Calculated,
    policy_event: pd.DataFrame | None,
    before: Before,
    as_of: pd.Timestamp,
    parameters: PolicyParameters,
    rules: GovernanceParameters,
) -> Governed:
    """Decide what of today's calculation takes effect at `as_of`.

    `policy_event` is `ledger__policy_event`; events that `before.approval` knows were judged by an
    earlier release and are not judged again. Rules, the strongest first: an override that holds; an
    approved change; a person's change that waits (the old value stays); a decision that holds against the
    calculation; the calculation itself, within the dead band (the old value stays), up to the value
    limit (it takes effect), above (it waits).
    """
    return _Day(calculated, before, as_of.normalize(), parameters, rules).run(policy_event)


class _Day:
    """One day's decisions; the steps of `run` fill the arrays from the weakest rule to the strongest."""

    def __init__(
        self,
        calculated: Calculated,
        before: Before,
        as_of: pd.Timestamp,
        parameters: PolicyParameters,
        rules: GovernanceParameters,
    ) -> None:
        self.today, self.before, self.as_of = calculated, before, as_of
        self.parameters, self.rules = parameters, rules
        self.old = before.levels(calculated.keys)
        items, locations = (calculated.keys[name].astype(str) for name in ("item_id", "location_id"))
        self.pairs = list(zip(items, locations, strict=True))
        self.row_of = {pair: row for row, pair in enumerate(self.pairs)}
        whole = (calculated.wanted[0] % 1 == 0) & (calculated.wanted[1] % 1 == 0)
        self.standing = Standing(Places(self.row_of, self.old, whole), rules)
        restored(self.standing, before)
        self.rows: list[dict[str, Any]] = []
        # Overrides that begin today, and those that end: what the values go back to.
        self.begun: dict[str, Rule] = {}
        self.bases: dict[str, Two] = before.override_bases()

    def run(self, policy_event: pd.DataFrame | None) -> Governed:
        verdicts = []
        authors = {}
        for event in events_to_judge(policy_event, self.before.approval):
            author = self.standing.author_of(str(event["change_id"]))
            verdicts.append((event, self.standing.judge(event)))
            authors[str(event["event_id"])] = author or self.standing.author_of(str(event["change_id"]))
        self._run_out()
        self._set_gone_aside()
        self._let_small_ones_through()
        base = self._give_back()
        self._judge_calculation(base)
        self._hold(base)
        self._go_on(base)
        self._apply_decisions(base)
        self._wait(base)
        self._pin()
        overrides = override_rows(self.before, self.standing, self.begun, self.bases, self._money, self.as_of)
        return Governed(
            effective=self.effective,
            old=self.old,
            wanted=self.wanted,
            change_state=self.state,
            change_value=self.value,
            reason=self.reason,
            status=self.status,
            held=self.held,
            policy_change=self._changes(base),
            approval=frame_of(APPROVAL, approval_rows(self.before, verdicts, authors, self.rules)),
            policy_override=frame_of(POLICY_OVERRIDE, overrides),
        )

    def _run_out(self) -> None:
        """End what waited too long and the overrides whose last day has passed."""
        standing = self.standing
        for change in [one for one in standing.pending.values() if one.waits_until < self.as_of]:
            del standing.pending[change.change_id]
            standing.outcomes.append(Outcome(change, "expired", {}))
        for override in [one for one in standing.active.values() if one.ends and one.ends < self.as_of]:
            del standing.active[override.change_id]
            standing.outcomes.append(Outcome(override, "run_out", {}))

    def _set_gone_aside(self) -> None:
        """End what waits for an item-location that today's source no longer has.

        An override is kept: it has its own last day, and pins again if the item-location comes back.
        """
        standing = self.standing
        for change in [one for one in standing.pending.values() if one.kind != "override"]:
            if change.pair not in self.row_of:
                del standing.pending[change.change_id]
                outcome = Outcome(change, "gone", {})
                self.rows.append(change_row(change, rule_of(outcome, self.parameters), {}, self.as_of))

    def _let_small_ones_through(self) -> None:
        """A person's change within the dead band or the value limit takes effect by that declared rule."""
        standing = self.standing
        for change in [one for one in standing.pending.values() if one.kind != "calculated"]:
            if (
                change.pair not in self.row_of
                or abs(self._money(change)) > self.parameters.auto_approve_value
            ):
                continue
            around = np.array([change.old[0]]), np.array([change.old[1]])
            asked = np.array([change.new[0]]), np.array([change.new[1]])
            rule = "dead_band" if self._near(asked, around)[0] else "value_limit"
            del standing.pending[change.change_id]
            standing.outcomes.append(Outcome(change, "auto_approved", {"rule": rule}))
            if change.kind == "override":
                standing.begin(change, {})

    def _give_back(self) -> Levels:
        """The levels that the calculation is held against: what an override that is over had replaced."""
        base = self.old[0].copy(), self.old[1].copy()
        self.is_given_back = np.zeros(len(self.row_of), dtype=np.bool_)
        over = {"ended", "run_out", "superseded"}
        newest = {one.pair: one for one in self.standing.active.values()}
        for outcome in self.standing.outcomes:
            change = outcome.change
            if outcome.state not in over or change.kind != "override" or change.change_id not in self.bases:
                continue
            successor = newest.get(change.pair)
            if successor is not None:
                self.bases.setdefault(successor.change_id, self.bases[change.change_id])
                continue
            row = self.row_of.get(change.pair)
            if row is not None and not np.isnan(self.bases[change.change_id][0]):
                base[0][row], base[1][row] = self.bases[change.change_id]
                self.is_given_back[row] = True
        return base

    def _judge_calculation(self, base: Levels) -> None:
        """Hold today's calculation against the levels before by the dead band and the value limit."""
        today = self.today
        kept = (
            np.where(today.is_kept, np.nan_to_num(old), new)
            for old, new in zip(base, today.wanted, strict=True)
        )
        point, level = kept
        self.wanted: Levels = (point, level)
        step = np.where(np.isnan(base[1]), level, level - base[1])
        self.value = step * today.unit_cost
        state = change_states(base, self.wanted, self.value, self.parameters)
        self.is_last_order = today.is_over & (state == "within_dead_band")
        state[self.is_last_order] = "auto_approved"
        stays = (state == "within_dead_band") | (state == "proposed")
        self.effective: Levels = (np.where(stays, base[0], point), np.where(stays, base[1], level))
        self.state = state
        self.reason = np.where(
            state == "proposed",
            "APPROVAL_PENDING",
            np.where(state == "within_dead_band", "WITHIN_DEAD_BAND", today.reason),
        ).astype(object)
        self.reason[today.is_kept] = "POLICY_KEPT"
        self.status = today.status.copy()
        # Whose state is the calculation's own; what people decide takes rows out.
        self.is_own = np.ones(len(state), dtype=np.bool_)
        unchanged = self.is_given_back & np.isin(state, ["none", "within_dead_band"])
        self.state[unchanged], self.reason[unchanged] = "auto_approved", "OVERRIDE_OVER"

    def _hold(self, base: Levels) -> None:
        """Decisions of people that hold against the calculation."""
        self.held = self.before.held(self.today.keys)
        until = self.held["held_until_date"]
        levels = self.held["held_reorder_point_units"], self.held["held_order_up_to_units"]
        holds = (
            ~pd.isna(until)
            & (until >= np.datetime64(self.as_of))
            & (self._near(self.wanted, levels) | self.today.is_kept)
            & ~self.today.is_over
            & ~self.is_given_back
        )
        self._clear(~holds)
        self._stay(holds, base, "none", "DECISION_HOLDS")

    def _go_on(self, base: Levels) -> None:
        """What the calculation wanted before and still wants waits on, as the same change."""
        for change in [one for one in self.standing.pending.values() if one.kind == "calculated"]:
            row = self.row_of.get(change.pair)
            if row is None:
                continue
            is_same = np.allclose(change.old, (base[0][row], base[1][row]), rtol=0.0, atol=1e-6)
            asked = np.array([change.new[0]]), np.array([change.new[1]])
            now = self.wanted[0][[row]], self.wanted[1][[row]]
            if is_same and (self._near(now, asked)[0] or self.today.is_kept[row]):
                continue
            del self.standing.pending[change.change_id]
            self.standing.outcomes.append(Outcome(change, "moved", {}))

    def _apply_decisions(self, base: Levels) -> None:
        """Put into force what was approved; keep what held where a change was rejected."""
        outcomes = self.standing.outcomes
        in_force = {
            one.change.pair: one.change.change_id
            for one in outcomes
            if one.state in ("approved", "auto_approved") and one.change.kind != "override"
        } | {one.pair: one.change_id for one in self.standing.active.values()}
        holding = {one.pair: one.change_id for one in self.standing.active.values()}
        for outcome in outcomes:
            change, row = outcome.change, self.row_of.get(outcome.change.pair)
            if row is None:
                continue
            if outcome.state in ("approved", "auto_approved"):
                if change.kind != "override" and change.pair in holding:
                    # The override goes on; what was approved meanwhile is what it gives back.
                    self.bases[holding[change.pair]] = change.new
                elif in_force.get(change.pair) != change.change_id:
                    outcome = Outcome(change, "superseded", {})
                elif change.kind != "override":
                    self._put(row, change.new, outcome.state, "APPROVED_CHANGE")
                    if change.kind == "planner":
                        self._remember(row, change, (self.wanted[0][row], self.wanted[1][row]))
            elif outcome.state == "rejected" and change.kind == "calculated":
                asked = np.array([change.new[0]]), np.array([change.new[1]])
                if self._near((self.wanted[0][[row]], self.wanted[1][[row]]), asked)[0]:
                    self._put(row, (base[0][row], base[1][row]), "rejected", "CHANGE_REJECTED")
                    self._remember(row, change, change.new)
            self._tell(outcome, row)

    def _wait(self, base: Levels) -> None:
        """While a change waits, the value that held stays."""
        for change in self.standing.pending.values():
            row = self.row_of.get(change.pair)
            if row is None:
                continue
            # What was approved of the same place today stays in force meanwhile.
            if self.reason[row] != "APPROVED_CHANGE":
                self._put(row, (base[0][row], base[1][row]), "proposed", "APPROVAL_PENDING")
                self.value[row] = self._money(change)
            self._tell(Outcome(change, "proposed", {}), row)

    def _pin(self) -> None:
        """Overrides that hold go before everything."""
        for override in self.standing.active.values():
            row = self.row_of.get(override.pair)
            if row is None:
                continue
            begins = override.change_id in self.begun
            state = str(self.begun[override.change_id].state) if begins else "none"
            waits = self.state[row] == "proposed" and not self.is_own[row] and not begins
            self._put(row, override.new, "proposed" if waits else state, "MANUAL_OVERRIDE")
            self.status[row] = "OVERRIDE"
            self._clear(np.arange(len(self.state)) == row)

    def _tell(self, outcome: Outcome, row: int) -> None:
        """Write the row of `policy_change` of something that a person did or that waits."""
        change, state = outcome.change, outcome.state
        # Overrides that are over are told by what they give back.
        if state in ("run_out", "ended") or (state == "superseded" and change.change_id in self.bases):
            return
        rule = rule_of(outcome, self.parameters)
        if change.kind == "override" and state in ("approved", "auto_approved"):
            self.begun[change.change_id] = rule
            self.bases.setdefault(change.change_id, (self.old[0][row], self.old[1][row]))
        self.rows.append(change_row(change, rule, outcome.event, self.as_of) | {"row": row})

    def _put(self, row: int, levels: Two, state: str, reason: str) -> None:
        self.effective[0][row], self.effective[1][row] = levels
        self.value[row] = (levels[1] - np.nan_to_num(self.old[1][row])) * self.today.unit_cost[row]
        self.state[row], self.reason[row] = state, reason
        self.is_own[row] = False

    def _stay(self, rows: Flags, base: Levels, state: str, reason: str) -> None:
        for effective, before in zip(self.effective, base, strict=True):
            effective[rows] = before[rows]
        self.state[rows], self.reason[rows] = state, reason
        self.is_own[rows] = False

    def _remember(self, row: int, change: Change, calculated: Two) -> None:
        """Let a decision hold for a review cycle against a calculation that stays near."""
        self.held["held_change_id"][row] = change.change_id
        self.held["held_reorder_point_units"][row], self.held["held_order_up_to_units"][row] = calculated
        until = self.as_of + pd.Timedelta(days=self.rules.review_cadence_days)
        self.held["held_until_date"][row] = np.datetime64(until, "ns")

    def _clear(self, rows: Flags) -> None:
        self.held["held_change_id"][rows] = None
        self.held["held_reorder_point_units"][rows] = np.nan
        self.held["held_order_up_to_units"][rows] = np.nan
        self.held["held_until_date"][rows] = np.datetime64("NaT", "ns")

    def _near(self, levels: Levels, around: Levels) -> Flags:
        return within_band(levels, around, self.parameters.dead_band_share, self.parameters.dead_band_units)

    def _money(self, change: Change) -> float:
        """What a change is worth at cost: of the order-up-to level, as everywhere; 0 for unplanned rows."""
        row = self.row_of.get(change.pair)
        if row is None:
            return 0.0
        return float((change.new[1] - np.nan_to_num(change.old[1])) * self.today.unit_cost[row])

    def _changes(self, base: Levels) -> pd.DataFrame:
        """Rows of `opt_out__policy_change`: what people did, what waits, and what the rules let through."""
        own = np.flatnonzero(self.is_own & np.isin(self.state, ["bootstrap", "auto_approved", "proposed"]))
        rows = [*self.rows, *self._given_back(base)]
        for row in own.tolist():
            if self.reason[row] == "OVERRIDE_OVER":
                continue
            rows.append(self._own_row(row, base))
        today = self.today
        for told in rows:
            row = told.pop("row", None)
            if row is None:
                # Of an item-location that is gone nothing was calculated, and nothing holds.
                continue
            told["inputs_hash"] = told.get("inputs_hash") or today.inputs_hash[row]
            told["reorder_point_units"] = self.effective[0][row]
            told["order_up_to_units"] = self.effective[1][row]
            told["proposed_reorder_point_units"] = self.wanted[0][row]
            told["proposed_order_up_to_units"] = self.wanted[1][row]
            told["method"], told["status"] = today.method[row], self.status[row]
            cost = today.unit_cost[row]
            told["change_value"] = (
                told["new_order_up_to_units"] - (told["old_order_up_to_units"] or 0.0)
            ) * cost
        rows.sort(key=lambda told: (told["item_id"], told["location_id"], told["change_id"]))
        return frame_of(POLICY_CHANGE, rows)

    def _own_row(self, row: int, base: Levels) -> dict[str, Any]:
        state = str(self.state[row])
        name = {"bootstrap": "bootstrap", "proposed": None}.get(
            state, "last_order" if self.is_last_order[row] else "value_limit"
        )
        old, new = (base[0][row], base[1][row]), (self.wanted[0][row], self.wanted[1][row])
        rule = Rule(state, str(self.reason[row]), name, rule_text(name, self.parameters) if name else None)
        return change_row(self._calculated_change(row, old, new), rule, {}, self.as_of) | {"row": row}

    def _given_back(self, base: Levels) -> list[dict[str, Any]]:
        rule = Rule(
            "auto_approved", "OVERRIDE_OVER", "override_over", rule_text("override_over", self.parameters)
        )
        rows = []
        for row in np.flatnonzero(self.is_given_back).tolist():
            old, new = (self.old[0][row], self.old[1][row]), (base[0][row], base[1][row])
            change = self._calculated_change(row, old, new, "override")
            rows.append(change_row(change, rule, {}, self.as_of) | {"row": row})
        return rows

    def _calculated_change(self, row: int, old: Two, new: Two, kind: str = "calculated") -> Change:
        item, location = self.pairs[row]
        content = content_hash(kind, (item, location), old, new, SYSTEM)
        inputs = str(self.today.inputs_hash[row])
        return Change(
            change_id=calculated_id(content, inputs, self.as_of),
            kind=kind,
            item_id=item,
            location_id=location,
            old=old,
            new=new,
            author=SYSTEM,
            content_hash=content,
            proposed=self.as_of,
            waits_until=self.as_of + pd.Timedelta(days=self.rules.approval_days),
            inputs_hash=inputs,
        )
