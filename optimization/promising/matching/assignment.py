r"""The best one-to-one assignment of units to requests, tier before tier, with its proof.

Requests are in tiers: what is gained in an earlier tier counts more than anything in a later one. A
gain is therefore a vector with one entry per tier, and vectors are compared by their first entry that
differs. Such vectors add, subtract and compare as numbers do (an ordered group), which is all that
shortest augmenting paths ask for (Jonker & Volgenant 1987, Computing 38). So one solve is exact for
all tiers, without weights that would have to be large enough. Gains are whole cents: no rounding.

.. math:: \max \sum_{ij} g_{ij} x_{ij}, \quad \sum_j x_{ij} \le 1, \quad \sum_i x_{ij} \le 1, \quad x \ge 0

A request may stay without a unit, at gain 0. Prices :math:`p_j \ge 0` of the units and surpluses
:math:`u_i \ge 0` of the requests with :math:`u_i + p_j \ge g_{ij}` on every pair prove the value: no
assignment is worth more than :math:`\sum u + \sum p` (weak duality, in every ordered group).

Belongs here: gains, pairs, prices. What a gain is made of stands in `scoring`.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optimization.promising.matching.compiled import compiled

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

TIERS = 3
NO_UNIT = -1
# Bids per request before the search for paths takes over; it only decides how fast the answer comes.
_BIDS = 8


class Pairs(NamedTuple):
    """Pairs that may be matched, by request: `start` (n+1), `unit` and `gain` (cents) per pair.

    `tier` (n) per request, 0 is served first. Pairs without a gain need not be there.
    """

    start: Integers
    unit: Integers
    gain: Integers
    tier: Integers
    unit_count: int


class Assignment(NamedTuple):
    """`unit` (n) per request, −1 for none; `surplus` (n, tiers), `price` (units, tiers): the proof."""

    unit: Integers
    surplus: Integers
    price: Integers


def assign(pairs: Pairs) -> Assignment:
    """Return the assignment of the greatest value, tier before tier; the same pairs give the same one.

    The prices are the least that prove it, so that a price is what others would give for the unit.

    Example: two requests want the first unit most (9 and 8); the second request loses less by the other.

    >>> pairs = Pairs(np.array([0, 2, 4]), np.array([0, 1, 0, 1]), np.array([9, 5, 8, 7]),
    ...     np.zeros(2, np.int64), 2)
    >>> best = assign(pairs)
    >>> best.unit.tolist(), value(pairs, best).tolist(), bound(best).tolist()
    ([0, 1], [16, 0, 0], [16, 0, 0])
    >>> best.price[:, 0].tolist()
    [1, 0]

    A firm order takes the unit, however much more a lead would give for it.

    >>> assign(pairs._replace(unit=np.array([0, 1, 0, 1]), gain=np.array([1, 0, 90, 0]),
    ...     tier=np.array([0, 1]))).unit.tolist()
    [0, -1]
    """
    unit, surplus, price = _assign(pairs.start, pairs.unit, pairs.gain, pairs.tier, pairs.unit_count)
    return Assignment(unit, surplus, price)


def gains(pairs: Pairs) -> Integers:
    """Gain of each pair as a vector, (pairs, tiers)."""
    owner = np.repeat(np.arange(len(pairs.tier)), np.diff(pairs.start))
    vectors = np.zeros((len(pairs.unit), TIERS), dtype=np.int64)
    vectors[np.arange(len(pairs.unit)), pairs.tier[owner]] = pairs.gain
    return vectors


def value(pairs: Pairs, found: Assignment) -> Integers:
    """Gain of the assignment per tier, cents; raises `ValueError` for a match that is no pair."""
    owner = np.repeat(np.arange(len(pairs.tier)), np.diff(pairs.start))
    is_used = found.unit[owner] == pairs.unit
    if int(is_used.sum()) != int((found.unit != NO_UNIT).sum()):
        raise ValueError("a request was matched with a unit that is not among its pairs")
    return np.asarray(gains(pairs)[is_used].sum(axis=0), dtype=np.int64)


def bound(found: Assignment) -> Integers:
    """What no assignment is worth more than, per tier, if `is_proof` holds."""
    return np.asarray(found.surplus.sum(axis=0) + found.price.sum(axis=0), dtype=np.int64)


def is_proof(pairs: Pairs, found: Assignment) -> bool:
    """Whether surpluses and prices are allowed, so that `bound` holds, and no unit is given twice."""
    owner = np.repeat(np.arange(len(pairs.tier)), np.diff(pairs.start))
    slack = found.surplus[owner] + found.price[pairs.unit] - gains(pairs)
    given = found.unit[found.unit != NO_UNIT]
    is_allowed = _none_below_zero(slack), _none_below_zero(found.surplus), _none_below_zero(found.price)
    return all(is_allowed) and len(np.unique(given)) == len(given)


def _none_below_zero(vectors: Integers) -> bool:
    first = np.argmax(vectors != 0, axis=1)
    return bool((vectors[np.arange(len(vectors)), first] >= 0).all())


@compiled
def _less(a: Integers, b: Integers) -> bool:
    """Whether a < b, by the first entry that differs."""
    for k in range(TIERS):
        if a[k] != b[k]:
            return bool(a[k] < b[k])
    return False


@compiled
def _best_two(
    i: int, start: Integers, unit: Integers, gain: Integers, tier: int, price: Integers
) -> tuple[int, int, Integers, Integers]:
    """Best unit of a request net of prices and the next best, 0 for going without."""
    best, second = np.zeros(TIERS, np.int64), np.zeros(TIERS, np.int64)
    first, other = -1, -1
    net = np.zeros(TIERS, np.int64)
    for e in range(start[i], start[i + 1]):
        j = unit[e]
        for k in range(TIERS):
            net[k] = -price[j, k]
        net[tier] += gain[e]
        if _less(best, net):
            second[:] = best
            other = first
            best[:] = net
            first = j
        elif _less(second, net):
            second[:] = net
            other = j
    return first, other, best, second


@compiled
def _assign(
    start: Integers, unit: Integers, gain: Integers, tier: Integers, unit_count: int
) -> tuple[Integers, Integers, Integers]:
    n = len(tier)
    match, owner = np.full(n, -1, np.int64), np.full(unit_count, -1, np.int64)
    surplus = np.zeros((n, TIERS), np.int64)
    price = np.zeros((unit_count, TIERS), np.int64)
    waiting = np.empty(n, np.int64)
    count = 0
    # Bidding: whoever loses least by going without its best unit gives way. A unit that was bid for
    # stays taken, so that only taken units have a price.
    bids = 0
    for at in range(n):
        i = at
        while i >= 0:
            first, _, best, second = _best_two(i, start, unit, gain, tier[i], price)
            if first < 0:
                surplus[i] = 0
                break
            is_tie = not _less(second, best)
            former = owner[first]
            bids += 1
            if former >= 0 and (is_tie or bids > _BIDS * n):
                waiting[count] = i
                count += 1
                break
            price[first] += best - second
            surplus[i] = second
            owner[first], match[i] = i, first
            if former >= 0:
                match[former] = -1
            i = former
    _augment_all(start, unit, gain, tier, match, owner, surplus, price, waiting[:count])
    _lower(start, unit, gain, tier, match, owner, surplus, price)
    return match, surplus, price


@compiled
def _lower(
    start: Integers,
    unit: Integers,
    gain: Integers,
    tier: Integers,
    match: Integers,
    owner: Integers,
    surplus: Integers,
    price: Integers,
) -> None:
    """Lower the prices to the least that prove the assignment: what others would give for each unit.

    The least prices meet p_j ≥ g_ij − u_i with u_i = g_iμ(i) − p_μ(i), 0 for who goes without: longest
    paths, found from 0 upwards (Bellman & Ford). A best assignment leaves no cycle that gains.
    """
    n = len(tier)
    price[:] = 0
    surplus[:] = 0
    for i in range(n):
        for e in range(start[i], start[i + 1]):
            if unit[e] == match[i]:
                surplus[i, tier[i]] = gain[e]
    queue, is_queued = np.arange(n), np.ones(n, np.bool_)
    ask = np.zeros(TIERS, np.int64)
    head, waiting = 0, n
    while waiting > 0:
        i = queue[head]
        head = (head + 1) % n
        waiting -= 1
        is_queued[i] = False
        for e in range(start[i], start[i + 1]):
            j = unit[e]
            if j == match[i]:
                continue
            for k in range(TIERS):
                ask[k] = -surplus[i, k]
            ask[tier[i]] += gain[e]
            if not _less(price[j], ask):
                continue
            holder = owner[j]
            surplus[holder] -= ask - price[j]
            price[j] = ask
            if not is_queued[holder]:
                queue[(head + waiting) % n] = holder
                waiting += 1
                is_queued[holder] = True


@compiled
def _augment_all(
    start: Integers,
    unit: Integers,
    gain: Integers,
    tier: Integers,
    match: Integers,
    owner: Integers,
    surplus: Integers,
    price: Integers,
    waiting: Integers,
) -> None:
    """Bring every waiting request in by the shortest path to a free unit or to one that goes without."""
    m = len(owner)
    far = np.zeros((m, TIERS), np.int64)
    seen, done = np.full(m, -1, np.int64), np.full(m, -1, np.int64)
    before = np.full(m, -1, np.int64)
    reached_row, reached_far = np.empty(len(tier), np.int64), np.zeros((len(tier), TIERS), np.int64)
    reached_unit = np.empty(m, np.int64)
    here, next_far, end = np.zeros(TIERS, np.int64), np.zeros(TIERS, np.int64), np.zeros(TIERS, np.int64)
    for turn in range(len(waiting)):
        root = waiting[turn]
        _, _, best, _ = _best_two(root, start, unit, gain, tier[root], price)
        surplus[root] = best
        rows, units = 0, 0
        # The path so far ends where the root goes without.
        end[:] = best
        end_row, end_unit = root, -1
        heap = [(np.int64(0), np.int64(0), np.int64(0), np.int64(0))]
        heap.pop()
        row = root
        here[:] = 0
        while True:
            reached_row[rows] = row
            reached_far[rows] = here
            rows += 1
            if row != root:
                for k in range(TIERS):
                    next_far[k] = here[k] + surplus[row, k]
                if _less(next_far, end):
                    end[:] = next_far
                    end_row, end_unit = row, -1
            for e in range(start[row], start[row + 1]):
                j = unit[e]
                if done[j] == turn or match[row] == j:
                    continue
                for k in range(TIERS):
                    next_far[k] = here[k] + surplus[row, k] + price[j, k]
                next_far[tier[row]] -= gain[e]
                if not _less(next_far, end) or (seen[j] == turn and not _less(next_far, far[j])):
                    continue
                far[j] = next_far
                seen[j] = turn
                before[j] = row
                if owner[j] < 0:
                    end[:] = next_far
                    end_row, end_unit = -1, j
                else:
                    heapq.heappush(heap, (next_far[0], next_far[1], next_far[2], j))
            row = -1
            while len(heap) > 0:
                a, b, c, j = heapq.heappop(heap)
                if done[j] == turn or far[j, 0] != a or far[j, 1] != b or far[j, 2] != c:
                    continue
                if not _less(far[j], end):
                    break
                done[j] = turn
                reached_unit[units] = j
                units += 1
                here[:] = far[j]
                row = owner[j]
                break
            if row < 0:
                break
        for at in range(rows):
            surplus[reached_row[at]] -= end - reached_far[at]
        for at in range(units):
            price[reached_unit[at]] += end - far[reached_unit[at]]
        if end_row == root:
            continue
        j = end_unit
        if end_row >= 0:
            j = match[end_row]
            match[end_row] = -1
        while True:
            row = before[j]
            following = match[row]
            match[row], owner[j] = j, row
            if row == root:
                break
            j = following
