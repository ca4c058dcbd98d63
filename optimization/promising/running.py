"""The same definitions without a calendar of all days: only days on which something happens.

A million places by ninety days would be ninety million numbers of which few differ. Flows come as
one row each, sorted by place and day; what comes out are the days on which the promise changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

NO_DAY = -1
DECIMALS = 9
_Function = TypeVar("_Function", bound=Callable[..., object])


def compiled(function: _Function) -> _Function:
    """Plain IEEE arithmetic: sums are never reordered, so that the same flows give the same promise."""
    return cast("_Function", njit(cache=True, nogil=True)(function))


class Flows(NamedTuple):
    """What comes (positive) and goes, sorted by place; every place has a row of day 0.

    `first` (n+1): where each place's rows begin. `day`; `safe`, `expected`: units, with supply
    counted at its safe and at its expected date; each once, so that a supply has two rows.
    """

    first: Integers
    day: Integers
    safe: Numbers
    expected: Numbers


class Promises(NamedTuple):
    """Promise by day of change, sorted by place and day; a place's first row is day 0.

    `first` (n+1): where each place's rows begin. `safe`, `expected`: units, never negative.
    `projected`: what the day ends with at safe dates, without look-ahead; negative where short.
    """

    first: Integers
    day: Integers
    safe: Numbers
    expected: Numbers
    projected: Numbers


def sorted_flows(n: int, place: Integers, day: Integers, safe: Numbers, expected: Numbers) -> Flows:
    """Sort flows of `n` places by place and day; each place gets a row of nothing on day 0."""
    everywhere = np.arange(n, dtype=np.int64)
    nothing = np.zeros(n)
    place = np.concatenate([everywhere, place])
    day = np.concatenate([np.zeros(n, dtype=np.int64), day])
    order = np.argsort(place * (int(day.max(initial=0)) + 1) + day, kind="stable")
    return Flows(
        np.searchsorted(place[order], np.arange(n + 1)).astype(np.int64),
        day[order],
        np.concatenate([nothing, safe])[order],
        np.concatenate([nothing, expected])[order],
    )


def promise_places(on_hand: Numbers, flows: Flows) -> tuple[Promises, Numbers, Integers]:
    """Promise of each place, its shortage (units) and its first day of shortage (-1: none).

    The promise of a day is the least balance from that day on (`look_ahead`), floored at 0.
    Shortage is told of safe dates.

    >>> flows = sorted_flows(1, *(np.array(one) for one in ([0, 0], [2, 3], [10.0, -15.0], [10.0, -15.0])))
    >>> promises, short, day = promise_places(np.array([20.0]), flows)
    >>> promises.day.tolist(), promises.safe.tolist(), short.tolist(), day.tolist()
    ([0], [15.0], [0.0], [-1])
    """
    n = len(on_hand)
    keep, safe, expected, balance, short, short_day = _look_ahead(on_hand, *flows)
    kept = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
    first = kept[flows.first] if n else np.zeros(1, dtype=np.int64)
    return Promises(first, flows.day[keep], safe[keep], expected[keep], balance[keep]), short, short_day


def promise_quotas(place: Integers, balance: Numbers, promises: Promises) -> tuple[Integers, Promises]:
    """Promise of m quotas, each its `balance` at most and what its `place` has.

    `balance`: what a quota has left after its commitments, negative when they are more. Returns the
    place's row behind every row of the promises, and the promises by quota; a quota's projection is
    the less of its balance and of its place's.

    >>> given = ([0, 2], [0, 5], [2.0, 9.0], [3.0, 9.0], [4.0, 9.0])
    >>> place = Promises(*(np.array(one) for one in given))
    >>> row, quota = promise_quotas(np.array([0, 0]), np.array([1.0, 4.0]), place)
    >>> quota.first.tolist(), quota.day.tolist(), quota.safe.tolist(), quota.expected.tolist()
    ([0, 1, 3], [0, 0, 5], [1.0, 2.0, 4.0], [1.0, 3.0, 4.0])
    >>> quota.projected.tolist()
    [1.0, 4.0, 4.0]
    """
    limit = np.maximum(balance, 0.0)
    of_place = (promises.first, promises.safe, promises.expected)
    first = _count_capped(place, limit, *of_place)
    row, safe, expected = _capped(place, limit, first, *of_place)
    projected = np.minimum(promises.projected[row], np.repeat(balance, np.diff(first)))
    return row, Promises(first, promises.day[row], safe, expected, projected)


def discrete_promises(promises: Promises) -> Numbers:
    """What each row adds to what could be promised before: the net-backed discrete promise.

    Netting back only moves what is owed onto earlier supply, so that the running sum of what is left
    is the look-ahead promise. Hence a row's discrete promise is its promise less the row's before, the
    first row's is its promise, and their sum up to any row is the promise there. What is owed beyond
    all earlier supply is taken from the next supply, not shown as negative.

    >>> given = ([0, 2, 3], [0, 3, 0], [12.0, 16.0, 5.0], [12.0, 16.0, 5.0], [12.0, 16.0, 5.0])
    >>> discrete_promises(Promises(*(np.array(one) for one in given))).tolist()
    [12.0, 4.0, 5.0]
    """
    added: Numbers = np.diff(promises.safe, prepend=0.0)
    begins = promises.first[:-1][np.diff(promises.first) > 0]
    added[begins] = promises.safe[begins]
    # A difference leaves behind the comma what no promise has.
    return np.asarray(np.round(np.maximum(added, 0.0), DECIMALS), dtype=np.float64)


@compiled
def _look_ahead(
    on_hand: Numbers, first: Integers, day: Integers, safe: Numbers, expected: Numbers
) -> tuple[Flags, Numbers, Numbers, Numbers, Numbers, Integers]:
    n, rows = len(on_hand), len(day)
    keep = np.zeros(rows, dtype=np.bool_)
    promised, hoped, projected = np.empty(rows), np.empty(rows), np.empty(rows)
    short, short_day = np.zeros(n), np.full(n, NO_DAY)
    for place in range(n):
        begin, end = first[place], first[place + 1]
        sure, mean = on_hand[place], on_hand[place]
        for row in range(begin, end):
            sure += safe[row]
            mean += expected[row]
            promised[row], hoped[row] = sure, mean
            is_last_of_day = row + 1 == end or day[row + 1] != day[row]
            if is_last_of_day and sure < 0.0:
                short[place] = max(short[place], -sure)
                if short_day[place] == NO_DAY:
                    short_day[place] = day[row]
        least_sure, least_mean, day_end = np.inf, np.inf, 0.0
        for row in range(end - 1, begin - 1, -1):
            # Balances within a day are no promises; the day's last one is.
            if row + 1 == end or day[row + 1] != day[row]:
                day_end = promised[row]
                least_sure = min(least_sure, day_end)
                least_mean = min(least_mean, hoped[row])
            projected[row] = round(day_end, DECIMALS)
            # What adding and taking away leaves behind a comma is no change of the promise.
            promised[row] = round(max(least_sure, 0.0), DECIMALS)
            hoped[row] = round(max(least_mean, 0.0), DECIMALS)
        for row in range(begin, end):
            keep[row] = row == begin or (
                day[row] != day[row - 1]
                and (promised[row] != promised[row - 1] or hoped[row] != hoped[row - 1])
            )
    return keep, promised, hoped, projected, short, short_day


@compiled
def _count_capped(
    place: Integers, limit: Numbers, first: Integers, safe: Numbers, expected: Numbers
) -> Integers:
    starts = np.zeros(len(place) + 1, dtype=np.int64)
    for quota in range(len(place)):
        count = 0
        before_safe, before_expected = -1.0, -1.0
        for row in range(first[place[quota]], first[place[quota] + 1]):
            now_safe, now_expected = min(safe[row], limit[quota]), min(expected[row], limit[quota])
            if now_safe != before_safe or now_expected != before_expected:
                count += 1
            before_safe, before_expected = now_safe, now_expected
        starts[quota + 1] = starts[quota] + count
    return starts


@compiled
def _capped(
    place: Integers,
    limit: Numbers,
    starts: Integers,
    first: Integers,
    safe: Numbers,
    expected: Numbers,
) -> tuple[Integers, Numbers, Numbers]:
    rows = np.empty(starts[-1], dtype=np.int64)
    kept_safe, kept_expected = np.empty(starts[-1]), np.empty(starts[-1])
    for quota in range(len(place)):
        at = starts[quota]
        before_safe, before_expected = -1.0, -1.0
        for row in range(first[place[quota]], first[place[quota] + 1]):
            now_safe, now_expected = min(safe[row], limit[quota]), min(expected[row], limit[quota])
            if now_safe != before_safe or now_expected != before_expected:
                rows[at], kept_safe[at], kept_expected[at] = row, now_safe, now_expected
                at += 1
            before_safe, before_expected = now_safe, now_expected
    return rows, kept_safe, kept_expected
