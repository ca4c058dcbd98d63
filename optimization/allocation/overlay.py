"""What operations made of a release's allocation since: the fold without a new snapshot.

Works on the frames of the touched pools alone, so that its cost is theirs. No supply is met and no
order line read; a rebalancing takes place only where somebody asked for it, on the state after all
operations, with the demand that the release published.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from optimization.allocation.auditing import audit_replay
from optimization.allocation.book import EVERYWHERE, Book, Flags, Integers, PoolFacts, Segments
from optimization.allocation.cycle import Applied, aims, applied_operations, requested
from optimization.allocation.rebalancing.changes import held_units
from optimization.allocation.rebalancing.deciding import REBALANCED, decide, expected_benefit, terms_of
from optimization.allocation.rebalancing.moving import ending_loans, moved
from optimization.allocation.rebalancing.triggers import NO_TRIGGER
from optimization.allocation.rebalancing.unused import asked_after, last_asked, unused, without_unused
from optimization.allocation.restoring import former_pools, gone_segments, restore
from optimization.allocation.stating import frame_or_empty, release_days, segment_sums, state_segments
from optimization.allocation.telling.change_lines import Grounds, change_lines
from optimization.allocation.telling.entries import numbered, operation_lines, requested_by
from optimization.allocation.telling.retelling import as_published
from optimization.allocation.telling.state import (
    Told,
    allocation_frame,
    loan_frame,
    reservation_frame,
    rule_columns,
)
from optimization.contracts.allocation_tables import (
    ALLOCATION,
    ALLOCATION_EVENT,
    ALLOCATION_PLAN,
    SEGMENT_ORDER,
)
from optimization.contracts.inputs import SEGMENT, SEGMENT_DEMAND
from optimization.keys import positions, sorted_by_key
from optimization.parameters import AllocationParameters
from optimization.results import Mapper

_TINY = 1e-9


@dataclass(frozen=True)
class Facts:
    """What a release knows beside its allocation, of the touched items; all may be missing.

    `item_location`: `opt_in__item_location` (whole units, and what rules' conditions read);
    `segment_demand`: `opt_in__segment_demand` (open orders, margins); `plan`: `opt_out__allocation_plan`.
    Without the first, a pool counts whole units when all its published numbers are whole. Without a
    plan, a pool that a rule shares out is not rebalanced before the next cycle.
    """

    item_location: pd.DataFrame | None = None
    segment_demand: pd.DataFrame | None = None
    plan: pd.DataFrame | None = None


@dataclass(frozen=True)
class OverlayFrames:
    """The tables `opt_out__…` of these names, of the pools that were handed in."""

    allocation: pd.DataFrame
    allocation_entry: pd.DataFrame
    borrow_loan: pd.DataFrame
    soft_reservation: pd.DataFrame


def apply_since(
    allocation: pd.DataFrame,
    borrow_loan: pd.DataFrame,
    soft_reservation: pd.DataFrame,
    segment: pd.DataFrame,
    events: pd.DataFrame,
    until: pd.Timestamp,
    parameters: AllocationParameters | None = None,
    facts: Facts | None = None,
    mapper: Mapper = map,
    applied_actions: frozenset[str] = frozenset(),
) -> OverlayFrames:
    """Apply `events` (`ledger__allocation_event`) up to `until` to the published state of some pools.

    `allocation`, `borrow_loan`, `soft_reservation`: rows of the release for the touched pools;
    `segment`: `opt_in__segment`. With `parameters`, requested rebalancings take place; without, they
    are told and left to the next cycle. Loans and reservations that end by `until` have ended. Actions of
    `applied_actions` were applied before and are refused. Raises
    `ContractError` for a frame not of its table and `AuditError` when the lines do not lead to the state.
    """
    facts = facts or Facts()
    segment = SEGMENT.validate(sorted_by_key(segment, ("segment_id",)))
    allocation = ALLOCATION.validate(allocation)
    keys = sorted_by_key(former_pools(allocation))
    segments = state_segments(segment, gone_segments(segment, allocation, borrow_loan, soft_reservation))
    is_whole = _whole(keys, allocation, facts.item_location)
    base = restore(keys, is_whole, segments, allocation, borrow_loan, soft_reservation, applied_actions)
    told = as_published(allocation, keys, segments, base.asked_at)
    at = int(until.as_unit("ns").value)
    events = sorted_by_key(frame_or_empty(events, ALLOCATION_EVENT), ALLOCATION_EVENT.key)
    done = applied_operations(base.book, events, frame_or_empty(None, SEGMENT_ORDER), at)

    book, told = done.book, _after_operations(told, base.book, done, at)
    made: list[pd.DataFrame] = [operation_lines(base.book, done)]
    asked = requested(done.outcomes, len(book))
    if parameters is not None and asked.any():
        book, told, lines = _rebalanced(book, told, asked, segment, facts, until, parameters, mapper)
        made.append(requested_by(made[0], lines))
    told = replace(told, counted=held_units(book))
    after = allocation_frame(book, told, np.ones(len(book), dtype=np.bool_))
    entry = numbered(made)
    audit_replay(allocation, after, entry)
    return OverlayFrames(after, entry, loan_frame(book), reservation_frame(book))


def _whole(keys: pd.DataFrame, allocation: pd.DataFrame, item_location: pd.DataFrame | None) -> Flags:
    if item_location is not None:
        row = _places(keys, item_location)
        known = np.append(item_location["is_integer"].to_numpy(dtype=np.bool_), True)
        return np.asarray(known[row], dtype=np.bool_)
    names = ["allocated_units", "consumed_units", "soft_reserved_units", "allocatable_units"]
    fraction = (allocation[names] % 1 != 0).any(axis=1).to_numpy()
    whole = np.ones(len(keys), dtype=np.bool_)
    whole[positions(allocation[fraction], keys)] = False
    return whole


def _places(keys: pd.DataFrame, item_location: pd.DataFrame) -> Integers:
    """A row of `item_location` for each pool, -1 where there is none; of an item at `*` its first."""
    first = item_location.reset_index(drop=True).drop_duplicates("item_id")
    of_item = pd.Index(first["item_id"]).get_indexer(keys["item_id"])
    of_item = np.append(first.index.to_numpy(), -1)[of_item]
    is_everywhere = (keys["location_id"] == EVERYWHERE).to_numpy()
    return np.where(is_everywhere, of_item, positions(keys, item_location))


def _after_operations(told: Told, before: Book, done: Applied, at: int) -> Told:
    """A quota that somebody changed is what was asked for, not what the release's reason says."""
    changed = np.abs(done.book.own - before.own) > _TINY
    asked = last_asked(told.asked_at, done.outcomes)
    asked = asked_after(asked, before.own, done.book.own, np.zeros(len(before), dtype=np.bool_), at)
    reason = np.where(changed | (told.reason == ""), "AS_ASKED", told.reason).astype(object)
    return replace(told, reason=reason, asked_at=asked)


def _rebalanced(
    book: Book,
    told: Told,
    asked: Flags,
    segment: pd.DataFrame,
    known: Facts,
    until: pd.Timestamp,
    parameters: AllocationParameters,
    mapper: Mapper,
) -> tuple[Book, Told, pd.DataFrame]:
    """Make the pools that were asked for anew; what is told of them then, and the lines."""
    at = int(until.as_unit("ns").value)
    current = state_segments(segment)
    columns = book.segments.columns_of(current.segment_id)
    facts = _facts(book, told, current, columns, known)
    by_rule = np.array([name is not None for name in told.rule_names["rule_id"].tolist()], dtype=np.bool_)
    asked = asked & ~facts.is_poisoned & (~by_rule | (known.plan is not None))
    plan = frame_or_empty(known.plan, ALLOCATION_PLAN)
    aim = aims(facts, asked, plan, until.normalize(), parameters, mapper)
    idle = unused(told.asked_at[:, columns], release_days(segment, current), at)
    aim = replace(aim, targets=without_unused(aim.targets, idle, facts.committed))
    target, reason = told.target.copy(), told.reason.copy()
    target[np.ix_(asked, columns)] = aim.targets.units[asked]
    reason[np.ix_(asked, columns)] = aim.targets.reason[asked]
    terms = terms_of(aim.targets.rule, aim.rules, parameters, until.date())
    trigger = np.where(asked, "request", NO_TRIGGER).astype(object)
    unmoved = (np.abs(target - book.own) <= _TINY).all(axis=1) & ~ending_loans(book)
    benefit = expected_benefit(facts.own, aim.targets.units, facts.demand, facts.margin)
    nothing = np.zeros(len(book), dtype=np.bool_)
    decision, _ = decide(trigger, nothing, unmoved, nothing, benefit, terms)
    only = np.asarray(decision == REBALANCED, dtype=np.bool_)
    before = book.own
    book, lines = moved(book, target, only, trigger, reason, at)
    kept = np.zeros(len(book), dtype=np.bool_)
    grounds = Grounds(
        book=book,
        target=target,
        supply=facts.supply,
        counted=held_units(book),
        rule=aim.targets.rule,
        rules=aim.rules,
        trigger=trigger,
        pool_formula=parameters.pool_formula,
        at=at,
        moment=until.isoformat(),
    )
    names = rule_columns(aim.targets.rule, aim.rules)
    anew = {
        "rebalanced_at": np.where(only, at, told.rebalanced_at),
        "rules_hash": np.where(only, aim.targets.rules_hash, told.rules_hash).astype(object),
        "method": np.where(only, aim.targets.method, told.method).astype(object),
        "trigger": np.where(asked, trigger, told.trigger).astype(object),
        "decision": np.where(asked, decision, told.decision).astype(object),
        "reason": np.where(only[:, None], reason, told.reason).astype(object),
        "target": np.where(only[:, None], target, told.target),
        "asked_at": asked_after(told.asked_at, before, book.own, kept, at),
    }
    rule_names = {
        name: np.where(only, names[name], values).astype(object) for name, values in told.rule_names.items()
    }
    return book, replace(told, **anew, rule_names=rule_names), change_lines(lines, grounds)


def _facts(book: Book, told: Told, segments: Segments, columns: Integers, known: Facts) -> PoolFacts:
    """The pools as the release knew them, with what is left to share now."""
    keys = pd.DataFrame({"item_id": book.item_id, "location_id": book.location_id})
    n, k = len(book), len(segments)
    texts = {name: np.full(n, "", dtype=object) for name in ("category", "region", "item_kind")}
    if known.item_location is not None:
        place = _places(keys, known.item_location)
        texts = {name: np.append(known.item_location[name].to_numpy(object), "")[place] for name in texts}
    waiting, recent, margin = np.zeros((3, n, k))
    if known.segment_demand is not None:
        frame = SEGMENT_DEMAND.validate(known.segment_demand)
        everywhere = frame["item_id"].isin(book.item_id[book.location_id == EVERYWHERE])
        location = np.where(everywhere, EVERYWHERE, frame["location_id"])
        place = positions(frame.assign(location_id=location), keys)
        column = segments.columns_of(frame["segment_id"])
        mine = (place >= 0) & (column >= 0)
        waiting, recent, margin = segment_sums(frame[mine], place[mine] * k + column[mine], (n, k))
    demand = told.demand[:, columns]
    supply = np.maximum(book.own.sum(axis=1) + book.pool, 0.0)
    return PoolFacts(
        item_id=book.item_id,
        location_id=book.location_id,
        **texts,
        is_whole=book.is_whole,
        is_poisoned=np.asarray(told.status == "QUARANTINED", dtype=np.bool_),
        segments=segments,
        supply=supply,
        safety=np.minimum(book.safety, supply),
        committed=np.minimum(np.where(book.is_whole[:, None], np.ceil(waiting - _TINY), waiting), demand),
        demand=demand,
        margin=margin,
        recent=recent,
        own=book.own[:, columns],
    )
