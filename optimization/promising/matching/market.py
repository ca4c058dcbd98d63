"""The best assignment over all pairs that may be, found from a few pairs per request.

Each request starts with its best units. The assignment over these has prices, and a unit that was left
out can only matter where it gains a request more than the request has now, net of its price. Such pairs
are added and the assignment is made anew until there is none: then the prices prove the value over all
pairs, not only over those that were looked at (column generation; Dantzig & Wolfe 1960).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.errors import AuditError
from optimization.promising.matching.assignment import (
    NO_UNIT,
    TIERS,
    Assignment,
    Integers,
    Pairs,
    assign,
    bound,
    is_proof,
    value,
)
from optimization.promising.matching.candidates import Best, Seen, best_units
from optimization.promising.matching.scoring import Offers, Terms, Wishes

# More rounds than any market needs: each one adds a pair that was not there.
_ROUNDS = 1_000
# Pairs that are kept in memory, eight bytes each.
_KEPT_PAIRS = 40_000_000


@dataclass(frozen=True)
class Market:
    """The assignment, its pairs, what each request started with, the pairs seen, and the rounds."""

    found: Assignment
    pairs: Pairs
    first: Best
    seen: Seen
    rounds: int

    @property
    def objective(self) -> Integers:
        """Gain per tier, cents."""
        return value(self.pairs, self.found)

    @property
    def bound(self) -> Integers:
        """What no assignment of any pairs is worth more than, per tier, cents."""
        return bound(self.found)


def clear(wishes: Wishes, offers: Offers, terms: Terms, k: int) -> Market:
    """Assign units to requests, tier before tier, at the greatest gain; proven over all pairs.

    `k`: units per request that are added at a time. Raises `AuditError` when the proof does not hold.
    """
    n, m = len(wishes.tier), len(offers.price)
    free = np.zeros((m, TIERS), dtype=np.int64)
    first = best_units(np.arange(n), wishes, offers, terms, wishes.tier, free, None, k)
    request, slot = np.nonzero((first.unit != NO_UNIT) & (first.gain > 0))
    pairs = _pairs(request, first.unit[request, slot], first.gain[request, slot], wishes.tier, m)
    found = assign(pairs)
    # What is not among a request's first units gains it no more than the last of them.
    unseen = np.where(first.fitting > k, first.gain[:, -1], 0)
    seen = Seen(wishes, offers, terms, first.fitting, _KEPT_PAIRS)
    for rounds in range(1, _ROUNDS):
        rows = np.flatnonzero(unseen > _own(found.surplus, wishes.tier))
        floor = found.surplus[rows]
        unit, gain = seen.best(rows, wishes.tier, found.price, floor, k)
        at, slot = np.nonzero(unit != NO_UNIT)
        if not len(at):
            _audit(pairs, found)
            return Market(found, pairs, first, seen, rounds)
        pairs = _pairs(
            np.concatenate([_owner(pairs), rows[at]]),
            np.concatenate([pairs.unit, unit[at, slot]]),
            np.concatenate([pairs.gain, gain[at, slot]]),
            wishes.tier,
            m,
        )
        found = assign(pairs)
    raise AuditError(f"the assignment was not proven in {_ROUNDS} rounds; look for prices that never settle")


def _own(surplus: Integers, tier: Integers) -> Integers:
    """A request's surplus in cents, rounded down to nothing where it is worth less than a whole tier."""
    own = surplus[np.arange(len(tier)), tier]
    earlier = np.where(np.arange(TIERS) < tier[:, None], surplus, 0)
    later = np.where(np.arange(TIERS) > tier[:, None], surplus, 0)
    # Surplus of a later tier below zero makes an equal gain more: looked at again, to be sure.
    own = np.where((later < 0).any(axis=1), own - 1, own)
    return np.asarray(np.where((earlier > 0).any(axis=1), np.iinfo(np.int64).max, own), dtype=np.int64)


def _owner(pairs: Pairs) -> Integers:
    return np.repeat(np.arange(len(pairs.tier)), np.diff(pairs.start))


def _pairs(request: Integers, unit: Integers, gain: Integers, tier: Integers, unit_count: int) -> Pairs:
    """Pairs by request and unit, so that the answer does not hang on the round in which one came."""
    order = np.lexsort((unit, request))
    start = np.concatenate([[0], np.cumsum(np.bincount(request, minlength=len(tier)))]).astype(np.int64)
    return Pairs(start, unit[order], gain[order], tier, unit_count)


def _audit(pairs: Pairs, found: Assignment) -> None:
    if not is_proof(pairs, found) or (value(pairs, found) != bound(found)).any():
        raise AuditError("the prices do not prove the assignment, or a unit is given twice; report the input")
