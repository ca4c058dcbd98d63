"""What one rule gives in the pools it holds for: who is kept first, then the shares in order of rank.

    q_k = min(min(max(floor(pool * pct_k / 100), min_k), max_k), left)

`pool` is what the rule shares out: the supply, less what is protected. All pools of a rule are worked
out at once; the loops run over participants only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.allocation.book import PoolFacts
from optimization.allocation.optimal.rounding import largest_remainder
from optimization.allocation.rules.rule import COMPAT, LARGEST_REMAINDER, SWEEP, WEIGHTED, Participant, Rule

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_EPSILON = 1e-9
# Reasons in the order of their codes in `Shared.reason`.
REASON_CODES = (
    "NO_RULE",
    "RULE_SHARE",
    "RULE_FIXED",
    "RULE_MINIMUM",
    "RULE_MAXIMUM",
    "RULE_LEFT_SHORT",
    "COMMITMENTS_SHORT",
    "QUOTA_KEPT",
    "NOT_IN_RULE",
    "INPUT_IMPLAUSIBLE",
)
_CODE = {name: number for number, name in enumerate(REASON_CODES)}


@dataclass(frozen=True)
class Shared:
    """Of m pools by k segments: units, the part that is protected, and the place in `REASON_CODES`."""

    units: Numbers
    guaranteed: Numbers
    reason: npt.NDArray[np.int8]


@dataclass(frozen=True)
class _Kept:
    """What segments have before the rule shares out: `units` (m, k) in all, `committed` of it."""

    units: Numbers
    committed: Numbers
    is_short: Flags


def shared_by(rule: Rule, facts: PoolFacts, rows: Integers) -> Shared:
    """Share the pools `rows` of `facts` by `rule`.

    Σ units ≤ supply in every pool; what remains is the common pool. Whole pools get whole units; a
    poisoned pool has no supply.
    """
    whole = facts.is_whole[rows]
    supply = np.where(facts.is_poisoned[rows], 0.0, np.maximum(facts.supply[rows], 0.0))
    supply = _down(supply, whole)
    kept = _kept(rule, facts, rows, supply)
    base = np.maximum(supply - kept.units.sum(axis=1), 0.0)

    columns = [p.column for p in rule.participants]
    already = np.stack([kept.units[:, c] if c >= 0 else np.zeros(len(rows)) for c in columns], axis=1)
    percent = _percentages(rule, facts, rows, kept)
    wanted, least, most = _terms(rule.participants, base, percent, already, whole)
    whole_wanted = _down(wanted, whole[:, None])
    target = np.minimum(np.maximum(whole_wanted, least), most)
    given = _in_rank_order(target, base)
    if rule.residue == LARGEST_REMAINDER:
        # Compared before rounding: what was floored away decides who gets the remainder.
        exact = _in_rank_order(np.minimum(np.maximum(wanted, least), most), base)
        spread = _with_residue(exact, base, percent, most)
        given = np.where(whole[:, None], largest_remainder(spread), spread)

    units, guaranteed = kept.units.copy(), kept.units.copy()
    reason = np.full(units.shape, _CODE["NOT_IN_RULE" if rule.non_participants == SWEEP else "QUOTA_KEPT"])
    for number, participant in enumerate(rule.participants):
        if participant.column < 0:
            continue
        column = participant.column
        units[:, column] = already[:, number] + given[:, number]
        guaranteed[:, column] = np.minimum(
            units[:, column], already[:, number] + np.where(participant.least > 0, least[:, number], 0.0)
        )
        plain = "RULE_FIXED" if participant.strategy == "fixed" else "RULE_SHARE"
        reason[:, column] = np.select(
            [
                given[:, number] < target[:, number] - _EPSILON,
                most[:, number] < whole_wanted[:, number] - _EPSILON,
                least[:, number] > whole_wanted[:, number] + _EPSILON,
            ],
            [_CODE["RULE_LEFT_SHORT"], _CODE["RULE_MAXIMUM"], _CODE["RULE_MINIMUM"]],
            default=_CODE[plain],
        )
    reason = np.where(kept.is_short, _CODE["COMMITMENTS_SHORT"], reason)
    reason = np.where(facts.is_poisoned[rows][:, None], _CODE["INPUT_IMPLAUSIBLE"], reason)
    return Shared(units, guaranteed, reason.astype(np.int8))


def first_come(wanted: Numbers, supply: Numbers, order: Integers) -> Numbers:
    """Give each column what it wants while the supply lasts, columns in `order`; (m, k).

    >>> first_come(np.array([[4.0, 3.0, 5.0]]), np.array([6.0]), np.array([1, 0, 2])).tolist()
    [[3.0, 3.0, 0.0]]
    """
    given = np.zeros_like(wanted)
    left = supply.copy()
    for column in order:
        given[:, column] = np.minimum(wanted[:, column], left)
        left -= given[:, column]
    return given


def _kept(rule: Rule, facts: PoolFacts, rows: Integers, supply: Numbers) -> _Kept:
    """Commitments first, tier by tier, then the quotas of segments that the rule does not name."""
    whole = facts.is_whole[rows][:, None]
    order = np.argsort(facts.segments.tier, kind="stable").astype(np.int64)
    committed = np.zeros((len(rows), len(facts.segments)))
    is_short = np.zeros(committed.shape, dtype=np.bool_)
    if rule.mode != COMPAT:
        wanted = _up(_known(facts.committed[rows]), whole)
        committed = first_come(wanted, supply, order)
        is_short = committed < wanted - _EPSILON
    if rule.non_participants == SWEEP:
        return _Kept(committed, committed, is_short)
    is_named = np.isin(np.arange(len(facts.segments)), [p.column for p in rule.participants])
    quota = _down(_known(facts.own[rows]), whole)
    beyond = np.where(is_named, 0.0, np.maximum(quota - committed, 0.0))
    protected = first_come(beyond, np.maximum(supply - committed.sum(axis=1), 0.0), order)
    return _Kept(committed + protected, committed, is_short)


def _percentages(rule: Rule, facts: PoolFacts, rows: Integers, kept: _Kept) -> Numbers:
    """Percentages (m, p) of the participants, pool by pool; those without one share the rest by weight."""
    stated = np.array([0.0 if p.strategy == "fixed" else p.percent for p in rule.participants])
    is_weighted = np.array([p.strategy in WEIGHTED and np.isnan(p.percent) for p in rule.participants])
    percent = np.tile(np.nan_to_num(stated), (len(rows), 1))
    if not is_weighted.any():
        return percent
    weights = np.zeros_like(percent)
    for number in np.flatnonzero(is_weighted):
        weights[:, number] = _weight(rule.participants[number], rule, facts, rows, kept)
    # Scaled by the largest first, so that no sum overflows.
    weights /= np.maximum(weights.max(axis=1, keepdims=True), np.finfo(float).tiny)
    total = weights.sum(axis=1, keepdims=True)
    rest = 100.0 - percent.sum(axis=1, keepdims=True)
    return np.where(is_weighted, rest * weights / np.where(total > 0, total, 1.0), percent)


def _weight(participant: Participant, rule: Rule, facts: PoolFacts, rows: Integers, kept: _Kept) -> Numbers:
    column = participant.column
    if column < 0:
        demand = committed = margin = np.zeros(len(rows))
        fair_weight = 0.0
    else:
        demand, committed = facts.demand[rows, column], facts.committed[rows, column]
        margin = np.nan_to_num(facts.margin[rows, column])
        fair_weight = float(facts.segments.fair_weight[column])
    if participant.weight is not None:
        return participant.weight(
            {
                "demand_units": demand,
                "open_order_units": committed,
                "unit_margin": margin,
                "fair_weight": np.full(len(rows), fair_weight),
            }
        )
    # What is kept for commitments has left the pool, so it is no claim on the rest of it.
    claim = demand if column < 0 else demand - kept.committed[:, column]
    claim = _known(claim)
    return claim * np.maximum(margin, 0.0) if participant.strategy == "profit_share" else claim


def _terms(
    participants: tuple[Participant, ...], base: Numbers, percent: Numbers, already: Numbers, whole: Flags
) -> tuple[Numbers, Numbers, Numbers]:
    """Exact quantity, minimum and maximum (m, p), beyond what the participants already have.

    A rule's fixed quantity, minimum and maximum are of the final quota, commitments included.
    """
    fixed = np.array([p.fixed if p.strategy == "fixed" else np.nan for p in participants])
    wanted = np.where(np.isnan(fixed), base[:, None] * percent / 100.0, np.maximum(fixed - already, 0.0))
    limits = np.tile([p.least for p in participants], (len(base), 1))
    least = np.maximum(_up(limits, whole[:, None]) - already, 0.0)
    limits = np.tile([p.most for p in participants], (len(base), 1))
    most = np.maximum(_down(limits, whole[:, None]) - already, 0.0)
    return wanted, np.minimum(least, most), most


def _in_rank_order(target: Numbers, base: Numbers) -> Numbers:
    return first_come(target, base, np.arange(target.shape[1]))


def _with_residue(given: Numbers, base: Numbers, percent: Numbers, most: Numbers) -> Numbers:
    """Spread what the maxima left by percentage over those below theirs, until all of it is out.

    Percentages that nobody claims, because no weight stands behind them, stay in the common pool.
    """
    given = given.copy()
    unclaimed = np.maximum(100.0 - percent.sum(axis=1), 0.0)
    unclaimed = np.where(unclaimed > _EPSILON, unclaimed, 0.0)
    staying = np.minimum(base * unclaimed / 100.0, np.maximum(base - given.sum(axis=1), 0.0))
    for _ in range(given.shape[1]):
        left = np.maximum(base - staying - given.sum(axis=1), 0.0)
        share = np.where(given < most, percent, 0.0)
        total = share.sum(axis=1) + unclaimed
        part = left / np.where(total > 0, total, 1.0)
        staying += part * unclaimed
        given = np.minimum(given + part[:, None] * share, most)
    return given


def _known(units: Numbers) -> Numbers:
    """Units that are a finite number above 0; nothing where they are not."""
    return np.where(np.isfinite(units), np.maximum(units, 0.0), 0.0)


def _down(units: Numbers, whole: Flags) -> Numbers:
    # A product that is whole but for its last bits counts as whole.
    return np.where(whole, np.floor(units + _EPSILON * np.maximum(np.minimum(units, 1e15), 1.0)), units)


def _up(units: Numbers, whole: Flags) -> Numbers:
    return np.where(whole, np.ceil(units - _EPSILON * np.maximum(np.minimum(units, 1e15), 1.0)), units)
