"""What is left of every place's stock and supply while lines take from it, one after the other.

A place's book is its look-ahead promise by day of change. Taking q units on a day lowers the promise from
that day on by q, and that of every earlier day to no more than what is then left; the book stays the
look-ahead promise of what remains, so no later taker can have what is taken.

Each place has two books. `own`: stock and supply less what leaves for others than its open order lines;
the lines take from it in their order. `free`: the published promise, with all open order lines kept; what
goes to other places comes out of it as well, so no place's own customers lose by it; those who order
there later come after what was promised elsewhere before.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optimization.promising.running import compiled

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Units differ by no more than adding them up in another order does.
_TOLERANCE = 1e-9
NOWHERE = -1
NEVER = 1 << 40

# How a line is served.
NOT_SERVED, FROM_OWN, FROM_ELSEWHERE, BY_NEW_ORDER = 0, 1, 2, 3


class Book(NamedTuple):
    """Both books of all places by day of change (`first`, `day`), and the segments' quotas.

    `own`, `own_expected`, `free`: units that can be taken from the day on, supply at its safe, expected,
    safe date. `next_supply`: day of a place's first safe supply; until then a quota binds.
    `own_quota`, `free_quota`: units that a segment may take at a place before its lines, after them.
    """

    first: Integers
    day: Integers
    own: Numbers
    own_expected: Numbers
    free: Numbers
    next_supply: Integers
    own_quota: Numbers
    free_quota: Numbers


class Lines(NamedTuple):
    """Lines in the order in which they are served; days are from today.

    `place` -1: not stocked where it is wanted. `quota`: row of the segment's quota at the place, -1: none
    binds. `lead_p50`, `lead_p90`: a new order takes so long, `NEVER` without one. `promised_day`: what
    was promised before, without preparation, -1 for none; those come first and ask for that day alone.
    `promised_from`: place of that promise. `first_source` (n+1): where each line's other places begin.
    """

    place: Integers
    units: Numbers
    wanted_day: Integers
    quota: Integers
    lead_p50: Integers
    lead_p90: Integers
    promised_day: Integers
    promised_from: Integers
    first_source: Integers


class Sources(NamedTuple):
    """Other places that a line could be served from, by line; the cheapest first."""

    place: Integers
    quota: Integers
    transit_p50: Integers
    transit_p90: Integers


class Claims(NamedTuple):
    """Units that are somebody's before any line takes: named by a line, reserved or blocked."""

    place: Integers
    day: Integers
    is_free_too: Flags


class Served(NamedTuple):
    """How each line is served, and when it is there; `covered_day`: from when on it was covered."""

    way: Integers
    source: Integers
    p50_day: Integers
    p90_day: Integers
    covered_day: Integers
    is_kept: Flags


def serve(book: Book, claims: Claims, lines: Lines, sources: Sources) -> Served:
    """Let every line take what it needs; the book holds afterwards what is left.

    First those that were promised a day before, for that very day, then all others and those whose
    promise could not be kept, each as early as it can be and not before it is wanted. The earliest day
    wins; of the same day the own place, then the cheapest other place, then a new order.

    >>> def whole(*values): return np.array(values, dtype=np.int64)
    >>> book = Book(whole(0, 2), whole(0, 5), np.array([3.0, 9.0]), np.array([3.0, 9.0]),
    ...             np.array([0.0, 0.0]), whole(5), np.zeros(0), np.zeros(0))
    >>> three = whole(0, 0, 0)
    >>> lines = Lines(three, np.array([2.0, 2.0, 6.0]), three, three - 1, three + NEVER, three + 9,
    ...               three - 1, three - 1, whole(0, 0, 0, 0))
    >>> nobody = Claims(whole(), whole(), np.zeros(0, dtype=bool))
    >>> served = serve(book, nobody, lines, Sources(whole(), whole(), whole(), whole()))
    >>> served.p90_day.tolist(), served.way.tolist(), book.own.tolist()
    ([0, 5, 9], [1, 1, 3], [1.0, 5.0])
    """
    _claim(claims, book)
    n = len(lines.place)
    way, source = np.full(n, NOT_SERVED, dtype=np.int64), np.full(n, NOWHERE, dtype=np.int64)
    never = np.full(n, NEVER, dtype=np.int64)
    served = Served(way, source, never, never.copy(), never.copy(), np.zeros(n, dtype=np.bool_))
    _keep(served, book, lines, sources)
    _serve(served, book, lines, sources)
    return served


@compiled
def _first_enough(left: Numbers, begin: int, end: int, units: float) -> int:
    """First day of change from which on so many are left; `end` where never. The promise never falls."""
    low, high = begin, end
    while low < high:
        middle = (low + high) // 2
        if left[middle] >= units - _TOLERANCE:
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def _row_of_day(day: Integers, begin: int, end: int, wanted: int) -> int:
    """Last day of change that is not after the wanted one; every place has day 0."""
    low, high = begin, end
    while high - low > 1:
        middle = (low + high) // 2
        if day[middle] <= wanted:
            low = middle
        else:
            high = middle
    return low


@compiled
def _take(left: Numbers, begin: int, end: int, row: int, units: float) -> None:
    for later in range(row, end):
        left[later] -= units
    for earlier in range(row - 1, begin - 1, -1):
        if left[earlier] <= left[row]:
            break
        left[earlier] = left[row]


@compiled
def _claim(claims: Claims, book: Book) -> None:
    first, day, own, own_expected, free = book.first, book.day, book.own, book.own_expected, book.free
    place, on, is_free_too = claims.place, claims.day, claims.is_free_too
    for claim in range(len(place)):
        begin, end = first[place[claim]], first[place[claim] + 1]
        row = _row_of_day(day, begin, end, on[claim])
        _take(own, begin, end, row, 1.0)
        _take(own_expected, begin, end, row, 1.0)
        if is_free_too[claim]:
            _take(free, begin, end, row, 1.0)


@compiled
def _row_at_place(
    left: Numbers, day: Integers, begin: int, end: int, units: float, wanted: int, allowed_from: int
) -> int:
    """Row on which units are taken: when they are wanted, else as soon as they are there and allowed."""
    row = _first_enough(left, begin, end, units)
    while row < end and day[row] < allowed_from:
        row += 1
    if row < end and day[row] < wanted:
        row = _row_of_day(day, begin, end, wanted)
    return row


@compiled
def _keep(served: Served, book: Book, lines: Lines, sources: Sources) -> None:
    way, source, is_kept = served.way, served.source, served.is_kept
    p50_day, p90_day, covered_day = served.p50_day, served.p90_day, served.covered_day
    first, day, own, own_expected, free = book.first, book.day, book.own, book.own_expected, book.free
    next_supply, own_quota, free_quota = book.next_supply, book.own_quota, book.free_quota
    place, units, wanted_day, quota = lines.place, lines.units, lines.wanted_day, lines.quota
    lead_p50, promised_day, promised_from = lines.lead_p50, lines.promised_day, lines.promised_from
    first_source, other, other_quota = lines.first_source, sources.place, sources.quota
    transit_p50, transit_p90 = sources.transit_p50, sources.transit_p90
    # First every promise from what it rested on; then, from what is left at their own place, those whose
    # source is gone or that rested on a new order: none of them takes what another promise rests on.
    for turn in range(2):
        for line in range(len(place)):
            promised = max(promised_day[line], wanted_day[line])
            if promised_day[line] < 0 or is_kept[line]:
                continue
            is_own = promised_from[line] == place[line]
            if turn == 0 and not is_own:
                for choice in range(first_source[line], first_source[line + 1]):
                    giver = other[choice]
                    leaves = promised - transit_p90[choice]
                    if giver != promised_from[line] or leaves < 0:
                        continue
                    begin, end = first[giver], first[giver + 1]
                    row = _row_of_day(day, begin, end, leaves)
                    # what the giver's own new orders ask for since then comes after what was promised
                    if own[row] < units[line] - _TOLERANCE:
                        continue
                    hoped = min(_first_enough(own_expected, begin, end, units[line]), row)
                    _take(own, begin, end, row, units[line])
                    _take(free, begin, end, row, units[line])
                    _take(own_expected, begin, end, hoped, units[line])
                    if other_quota[choice] >= 0:
                        free_quota[other_quota[choice]] -= units[line]
                    way[line], source[line], is_kept[line] = FROM_ELSEWHERE, giver, True
                    p50_day[line] = min(promised, max(wanted_day[line], day[hoped] + transit_p50[choice]))
                    p90_day[line], covered_day[line] = promised, day[row]
                    break
            elif place[line] >= 0:
                begin, end = first[place[line]], first[place[line] + 1]
                row = _row_of_day(day, begin, end, promised)
                if own[row] >= units[line] - _TOLERANCE:
                    covered_day[line] = day[_first_enough(own, begin, end, units[line])]
                    hoped = min(_first_enough(own_expected, begin, end, units[line]), row)
                    p50_day[line] = min(promised, max(wanted_day[line], day[hoped]))
                    _take(own, begin, end, row, units[line])
                    _take(own_expected, begin, end, hoped, units[line])
                    if quota[line] >= 0 and day[row] < next_supply[place[line]]:
                        own_quota[quota[line]] -= units[line]
                    way[line], source[line], is_kept[line] = FROM_OWN, place[line], True
                    p90_day[line] = promised
            is_by_order = promised_from[line] == NOWHERE and lead_p50[line] <= promised
            if turn == 1 and not is_kept[line] and is_by_order:
                # A promise on a new order stands as long as an order of today is expected by its day.
                way[line], source[line], is_kept[line] = BY_NEW_ORDER, place[line], True
                p50_day[line], p90_day[line] = max(wanted_day[line], lead_p50[line]), promised


@compiled
def _serve(served: Served, book: Book, lines: Lines, sources: Sources) -> None:
    way, source, is_kept = served.way, served.source, served.is_kept
    p50_day, p90_day, covered_day = served.p50_day, served.p90_day, served.covered_day
    first, day, own, own_expected, free = book.first, book.day, book.own, book.own_expected, book.free
    next_supply, own_quota, free_quota = book.next_supply, book.own_quota, book.free_quota
    place, units, wanted_day, quota = lines.place, lines.units, lines.wanted_day, lines.quota
    lead_p50, lead_p90 = lines.lead_p50, lines.lead_p90
    first_source, other, other_quota = lines.first_source, sources.place, sources.quota
    transit_p50, transit_p90 = sources.transit_p50, sources.transit_p90
    for line in range(len(place)):
        if is_kept[line]:
            continue
        wanted, asked = wanted_day[line], units[line]
        best, best_way, best_row, best_choice = NEVER, NOT_SERVED, -1, -1
        if place[line] >= 0:
            begin, end = first[place[line]], first[place[line] + 1]
            is_bound = quota[line] >= 0 and own_quota[quota[line]] < asked - _TOLERANCE
            allowed_from = next_supply[place[line]] if is_bound else 0
            row = _row_at_place(own, day, begin, end, asked, wanted, allowed_from)
            if row < end:
                best, best_way, best_row = max(wanted, day[row]), FROM_OWN, row
        for choice in range(first_source[line], first_source[line + 1]):
            if best <= max(wanted, transit_p90[choice]):
                continue
            giver = other[choice]
            if other_quota[choice] >= 0 and free_quota[other_quota[choice]] < asked - _TOLERANCE:
                continue
            begin, end = first[giver], first[giver + 1]
            row = max(_first_enough(own, begin, end, asked), _first_enough(free, begin, end, asked))
            if row == end:
                continue
            leaves = wanted - transit_p90[choice]
            if day[row] < leaves:
                row = _row_of_day(day, begin, end, leaves)
            there = max(wanted, day[row] + transit_p90[choice])
            if there < best:
                best, best_way, best_row, best_choice = there, FROM_ELSEWHERE, row, choice
        by_order = max(wanted, lead_p90[line])
        if lead_p90[line] < NEVER and by_order < best:
            best, best_way = by_order, BY_NEW_ORDER
        way[line], p90_day[line] = best_way, best
        if best_way in (FROM_OWN, FROM_ELSEWHERE):
            giver = place[line] if best_way == FROM_OWN else other[best_choice]
            transit = 0 if best_way == FROM_OWN else transit_p50[best_choice]
            begin, end = first[giver], first[giver + 1]
            covered_day[line] = day[_first_enough(own, begin, end, asked)]
            hoped = min(_first_enough(own_expected, begin, end, asked), best_row)
            p50_day[line] = min(best, max(wanted, day[hoped] + transit))
            source[line] = giver
            _take(own, begin, end, best_row, asked)
            _take(own_expected, begin, end, hoped, asked)
            if best_way == FROM_ELSEWHERE:
                _take(free, begin, end, best_row, asked)
                if other_quota[best_choice] >= 0:
                    free_quota[other_quota[best_choice]] -= asked
            elif quota[line] >= 0 and day[best_row] < next_supply[giver]:
                own_quota[quota[line]] -= asked
        elif best_way == BY_NEW_ORDER:
            p50_day[line], source[line] = max(wanted, lead_p50[line]), place[line]
