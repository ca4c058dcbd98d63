"""One cycle of the allocation: the state before, what people did since, the new supply, the new quotas.

The order is fixed: operations are folded; consumption is settled and the supply met; triggers and
terms decide which pools are made anew; those move to their target, the others keep their quotas
unless the supply forces a cut. Every change leaves a line; `telling` makes tables of it all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from optimization.allocation.book import Book, Flags, Integers, Numbers, PoolFacts, RuleTerms, Targets, Texts
from optimization.allocation.operations import kernel
from optimization.allocation.operations.events import Events, stated_events
from optimization.allocation.operations.fold import Outcomes, fold
from optimization.allocation.optimal.targets import optimal_targets
from optimization.allocation.rebalancing.changes import Changes, held_units, reserved_units
from optimization.allocation.rebalancing.deciding import (
    REBALANCED,
    decide,
    expected_benefit,
    terms_of,
)
from optimization.allocation.rebalancing.moving import ending_loans, moved
from optimization.allocation.rebalancing.syncing import broken, closed, cut, settled, swept, synced_supply
from optimization.allocation.rebalancing.triggers import (
    NO_TRIGGER,
    demand_spike,
    deviation,
    first_trigger,
    hours_passed,
)
from optimization.allocation.rebalancing.unused import asked_after, last_asked, unused, without_unused
from optimization.allocation.restoring import Previous
from optimization.allocation.rules.targets import rule_outcome, with_findings
from optimization.allocation.stating import Day, take, with_state
from optimization.parameters import AllocationParameters
from optimization.results import Mapper

_TINY = 1e-9


@dataclass(frozen=True)
class Applied:
    """The book after the operations, and what became of each.

    `named` has a row per event with the texts that it named: item_id, location_id, segment_id,
    to_segment_id.
    """

    book: Book
    outcomes: Outcomes
    events: Events
    named: pd.DataFrame


@dataclass(frozen=True)
class Aim:
    """Targets of n pools, and where they come from.

    `targets` is by the segments of the day. `method` "" and `rule` -1 where a pool has nothing to
    share; the others are `rows`, and `optimal` and `ruled` are what both ways say of those alone.
    `plan`: the plans with what the rules' application found.
    """

    targets: Targets
    rows: Integers
    optimal: Targets
    ruled: Targets
    rules: RuleTerms
    plan: pd.DataFrame
    solver_run: pd.DataFrame


@dataclass(frozen=True)
class Verdict:
    """Trigger, decision and reason of n pools; what a rebalancing moved and was expected to win."""

    trigger: Texts
    decision: Texts
    reason: Texts
    benefit: Numbers
    moved_units: Numbers

    @property
    def is_rebalanced(self) -> Flags:
        """Which pools were made anew."""
        return np.asarray(self.decision == REBALANCED, dtype=np.bool_)


@dataclass(frozen=True)
class Cycle:
    """What one cycle read, decided and left behind; n pools by K segments (the gone ones included).

    `facts` are by the segments of the day (columns `current` of the book), with the supply after
    reservations and the quotas before the rebalancing. `counted` (n): what the formula counts.
    `target` (n, K). `asked_at` (n, K): when the segment last asked for units.
    `is_told` (n): the pool has anything to tell.
    """

    at: int
    previous: Previous
    operations: Applied
    lines: list[Changes]
    book: Book
    facts: PoolFacts
    current: Integers
    counted: Numbers
    target: Numbers
    aim: Aim
    verdict: Verdict
    rebalanced_at: Integers
    rules_hash: Texts
    asked_at: Integers
    is_told: Flags


def applied_operations(book: Book, events: pd.DataFrame, orders: pd.DataFrame, until: int) -> Applied:
    """Fold the operations, and the order lines, none of which is dated after `until` (nanoseconds)."""
    stated = stated_events(book, events, orders, until)
    folded = fold(book, stated, until)
    keys = ["item_id", "location_id", "segment_id"]
    named = pd.concat([events[[*keys, "to_segment_id"]], orders[keys]], ignore_index=True)
    return Applied(folded.book, folded.outcomes, stated, named)


def aims(
    facts: PoolFacts,
    only: Flags,
    plan: pd.DataFrame,
    as_of: pd.Timestamp,
    parameters: AllocationParameters,
    mapper: Mapper,
) -> Aim:
    """Targets by the rule that holds for a pool, optimal ones elsewhere; none where there is nothing.

    `only` (n): pools that are looked at at all. The optimal targets are made for all of these: they
    are what a rule is compared with.
    """
    n, k = len(facts), len(facts.segments)
    something = (facts.supply > 0) | (facts.demand > 0).any(axis=1) | (facts.own > 0).any(axis=1)
    rows = np.flatnonzero(something & only)
    ruled = rule_outcome(take(facts, rows), plan, as_of)
    by_rule = np.flatnonzero(ruled.targets.rule >= 0)
    targets = Targets(
        units=np.zeros((n, k)),
        guaranteed=np.zeros((n, k)),
        reason=np.full((n, k), "NO_SUPPLY", dtype=object),
        method=np.full(n, "", dtype=object),
        rule=np.full(n, -1, dtype=np.int64),
        rules_hash=np.full(n, "", dtype=object),
    )
    optimal, solver_run = optimal_targets(take(facts, rows), parameters, mapper)
    for at, part, of_part in (
        (rows, optimal, np.arange(len(rows))),
        (rows[by_rule], ruled.targets, by_rule),
    ):
        targets.units[at], targets.guaranteed[at] = part.units[of_part], part.guaranteed[of_part]
        targets.reason[at], targets.method[at] = part.reason[of_part], part.method[of_part]
        targets.rule[at], targets.rules_hash[at] = part.rule[of_part], part.rules_hash[of_part]
    plan = with_findings(plan, ruled.findings)
    return Aim(targets, rows, optimal, ruled.targets, ruled.terms, plan, solver_run)


def run_cycle(
    previous: Previous,
    day: Day,
    operations: Applied,
    plan: pd.DataFrame,
    as_of: pd.Timestamp,
    at: int,
    parameters: AllocationParameters,
    mapper: Mapper,
) -> Cycle:
    """Everything after the fold: sync at `at` (nanoseconds), targets, decisions, moves."""
    segments = previous.book.segments
    current = segments.columns_of(day.facts.segments.segment_id)
    is_gone = np.ones(len(segments), dtype=np.bool_)
    is_gone[current] = False
    # An implausible row says nothing of the stock: its pool keeps its books until a better one comes.
    synced = ~day.facts.is_poisoned

    book, settle_lines = settled(operations.book, synced)
    book, swept_lines = swept(book, is_gone)
    book, broken_lines = broken(book, day.facts.supply, synced, at)
    held = reserved_units(book)
    supply = np.maximum(np.where(synced, day.facts.supply - held, 0.0), 0.0)
    book, closed_lines = closed(book, ~day.is_current, at)
    book, sync_lines = synced_supply(book, supply, synced, day.is_current)
    supply_changed = np.zeros(len(book), dtype=np.bool_)
    supply_changed[sync_lines.pool] = True

    facts = with_state(day.facts, supply, book.own[:, current])
    aim = aims(facts, synced & day.is_current, plan, as_of, parameters, mapper)
    asked = last_asked(previous.asked_at, operations.outcomes)
    rules_changed, _ = changed_hashes(previous.rules_hash, aim.targets.rules_hash)
    idle = unused(asked[:, current], day.release_after_days, at) & ~rules_changed[:, None]
    aim = replace(aim, targets=without_unused(aim.targets, idle, facts.committed))
    target = np.zeros_like(book.own)
    target[:, current] = aim.targets.units
    request = requested(operations.outcomes, len(book))
    idle_wide = np.zeros(target.shape, dtype=np.bool_)
    idle_wide[:, current] = idle
    verdict = _judged(
        previous, day, facts, book, aim, target, idle_wide, request, supply_changed, at, as_of, parameters
    )

    committed = np.zeros_like(book.own)
    committed[:, current] = facts.committed
    book, cut_lines = cut(book, committed, synced & ~verdict.is_rebalanced)
    reason = np.full(target.shape, "SEGMENT_GONE", dtype=object)
    reason[:, current] = aim.targets.reason
    book, moved_lines = moved(book, target, verdict.is_rebalanced, verdict.trigger, reason, at)

    made_anew = verdict.is_rebalanced
    confirmed = made_anew | (verdict.reason == "AT_TARGET")
    book = replace(book, safety=np.minimum(facts.safety, np.maximum(book.pool, 0.0)))
    counted = np.where(synced, day.facts.supply, held_units(book))
    something = (counted > 0) | (facts.demand > 0).any(axis=1) | (book.own > 0).any(axis=1)
    history = (book.cumulative_allocated > 0).any(axis=1) | (book.cumulative_consumed > 0).any(axis=1)
    return Cycle(
        at=at,
        previous=previous,
        operations=operations,
        lines=[
            settle_lines,
            swept_lines,
            broken_lines,
            closed_lines,
            sync_lines,
            cut_lines,
            *moved_lines,
        ],
        book=book,
        facts=facts,
        current=current,
        counted=counted,
        target=target,
        aim=aim,
        verdict=verdict,
        rebalanced_at=np.where(made_anew, at, previous.rebalanced_at),
        rules_hash=np.where(confirmed, aim.targets.rules_hash, previous.rules_hash).astype(object),
        asked_at=asked_after(asked, operations.book.own, book.own, made_anew & rules_changed, at),
        is_told=day.is_current & (something | history),
    )


def _judged(
    previous: Previous,
    day: Day,
    facts: PoolFacts,
    book: Book,
    aim: Aim,
    target: Numbers,
    idle: Flags,
    request: Flags,
    supply_changed: Flags,
    at: int,
    as_of: pd.Timestamp,
    parameters: AllocationParameters,
) -> Verdict:
    """Which pools are made anew, and why or why not."""
    terms = terms_of(aim.targets.rule, aim.rules, parameters, as_of.date())
    before, now = previous.rules_hash, aim.targets.rules_hash
    rules_changed, segments_changed = changed_hashes(before, now)
    trigger = first_trigger(
        first_allocation=previous.rebalanced_at == 0,
        request=request,
        rules_changed=rules_changed,
        segments_changed=segments_changed,
        supply_changed=supply_changed,
        # A quota that nobody uses goes back whatever the band is.
        deviates=deviation(book.own, target, terms.band_units, terms.band_share)
        | (idle & (book.own > target + _TINY)).any(axis=1),
        spikes=demand_spike(day.recent_week, day.weekly_mean, day.weekly_sd, parameters.spike_z),
        interval_due=(terms.interval_hours > 0)
        & hours_passed(previous.rebalanced_at, at, terms.interval_hours),
    )
    trigger = np.where(aim.targets.method == "", NO_TRIGGER, trigger).astype(object)
    change = target - book.own
    benefit = expected_benefit(facts.own, aim.targets.units, facts.demand, facts.margin)
    guarded = ~hours_passed(previous.rebalanced_at, at, np.full(len(facts), parameters.guard_hours))
    at_target = (np.abs(change) <= _TINY).all(axis=1) & ~ending_loans(book)
    decision, reason = decide(trigger, facts.is_poisoned, at_target, guarded, benefit, terms)
    gained = np.maximum(change, 0.0).sum(axis=1)
    return Verdict(trigger, decision, reason, benefit, np.where(decision == REBALANCED, gained, 0.0))


def requested(outcomes: Outcomes, pools: int) -> Flags:
    """Which pools somebody asked to have rebalanced."""
    asked = np.zeros(pools, dtype=np.bool_)
    rows = (outcomes.operation == kernel.REBALANCE) & outcomes.is_accepted
    asked[outcomes.pool[rows]] = True
    return asked


def changed_hashes(before: Texts, now: Texts) -> tuple[Flags, Flags]:
    """Whether the rules, or only the segments, of a target differ from those of the quotas (n each).

    What stands after the last hyphen of a hash is the segments' part; optimal targets have no other.

    >>> rules, segments = changed_hashes(np.array(["a-1", "a-1", "1"]), np.array(["b-1", "a-2", "2"]))
    >>> rules.tolist(), segments.tolist()
    ([True, False, False], [False, True, True])
    """
    names, which = np.unique(np.concatenate([before, now]).astype(str), return_inverse=True)
    of_rules = np.array([name.rpartition("-")[0] for name in names], dtype=object)[which]
    n = len(before)
    differs = which[:n] != which[n:]
    other_rules = np.asarray(of_rules[:n] != of_rules[n:], dtype=np.bool_)
    return differs & other_rules, differs & ~other_rules
