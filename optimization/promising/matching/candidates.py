"""Which units a request may have, looked through block by block; a table of all pairs is never made.

Units stand in three orders: by model, by category, and all of them, each by price. A request looks
through the stretch that its model (or category) and its highest price leave, and keeps the best few.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimization.promising.matching.assignment import NO_UNIT, TIERS, Integers, Numbers
from optimization.promising.matching.compiled import compiled
from optimization.promising.matching.scoring import (
    MET,
    PARTS,
    Offers,
    Terms,
    Wishes,
    judge,
    similarities,
    transport,
)

CENTS = 100.0


class Best(NamedTuple):
    """Best units per looked-through request, (rows, k), −1 beyond the last; `gain` in cents.

    `fitting`: units that meet all requirements.
    """

    unit: Integers
    gain: Integers
    fitting: Integers


def best_units(
    rows: Integers,
    wishes: Wishes,
    offers: Offers,
    terms: Terms,
    tier: Integers,
    price: Integers,
    floor: Integers | None,
    k: int,
) -> Best:
    """The k units per request of `rows` that gain most net of `price` (units, tiers).

    `floor` (rows, tiers): only what gains more than this; None for no floor. Equal ones go by the order
    of the listing.
    """
    has_floor = floor is not None
    least = np.zeros((len(rows), TIERS), dtype=np.int64) if floor is None else floor
    return Best(*_best_units(rows, wishes, offers, terms, tier, price, least, has_floor, k))


def reasons_of_none(rows: Integers, wishes: Wishes, offers: Offers, terms: Terms, stop: Integers) -> Integers:
    """Per request of `rows` that no unit fits: the last requirement that some unit still came to.

    CATEGORY where there is none of the model at all. `stop` (rows): end of the stretch, prices aside.
    """
    return np.asarray(_furthest(rows, wishes, offers, terms, stop), dtype=np.int64)


def details(
    request: Integers, unit: Integers, wishes: Wishes, offers: Offers, terms: Terms
) -> tuple[Numbers, Numbers, Numbers]:
    """Of given pairs: the parts of the score (pairs, 7), similarities (pairs, 3), km and days (pairs, 2)."""
    parts, alike, way = _details(request, unit, wishes, offers, terms)
    return parts, alike, way


@compiled
def _best_units(
    rows: Integers,
    wishes: Wishes,
    offers: Offers,
    terms: Terms,
    tier: Integers,
    price: Integers,
    floor: Integers,
    has_floor: bool,
    k: int,
) -> tuple[Integers, Integers, Integers]:
    unit = np.full((len(rows), k), NO_UNIT, np.int64)
    gain = np.zeros((len(rows), k), np.int64)
    count = np.zeros(len(rows), np.int64)
    net = np.zeros((k, TIERS), np.int64)
    own = np.zeros(TIERS, np.int64)
    part = np.zeros(len(PARTS))
    for at in range(len(rows)):
        i = rows[at]
        kept = 0
        for place in range(wishes.begin[i], wishes.stop[i]):
            j = offers.listing[place]
            if judge(i, j, wishes, offers, terms, part) != MET:
                continue
            count[at] += 1
            worth = np.int64(np.rint((part.sum() + wishes.base[i]) * CENTS))
            for t in range(TIERS):
                own[t] = -price[j, t]
            own[tier[i]] += worth
            if has_floor and not _more(own, floor[at]):
                continue
            if kept == k and not _more(own, net[k - 1]):
                continue
            slot = kept if kept < k else k - 1
            kept = min(kept + 1, k)
            while slot > 0 and _more(own, net[slot - 1]):
                net[slot] = net[slot - 1]
                unit[at, slot] = unit[at, slot - 1]
                gain[at, slot] = gain[at, slot - 1]
                slot -= 1
            net[slot] = own
            unit[at, slot] = j
            gain[at, slot] = worth
    return unit, gain, count


@compiled
def _more(a: Integers, b: Integers) -> bool:
    for t in range(TIERS):
        if a[t] != b[t]:
            return bool(a[t] > b[t])
    return False


@compiled
def _furthest(rows: Integers, wishes: Wishes, offers: Offers, terms: Terms, stop: Integers) -> Integers:
    found = np.zeros(len(rows), np.int64)
    part = np.zeros(len(PARTS))
    for at in range(len(rows)):
        i = rows[at]
        for place in range(wishes.begin[i], stop[at]):
            found[at] = max(found[at], judge(i, offers.listing[place], wishes, offers, terms, part))
    return found


@compiled
def _details(
    request: Integers, unit: Integers, wishes: Wishes, offers: Offers, terms: Terms
) -> tuple[Numbers, Numbers, Numbers]:
    n = len(request)
    parts, alike, way = np.zeros((n, len(PARTS))), np.zeros((n, 3)), np.zeros((n, 2))
    for at in range(n):
        i, j = request[at], unit[at]
        judge(i, j, wishes, offers, terms, parts[at])
        alike[at, 0], alike[at, 1], alike[at, 2] = similarities(i, j, wishes, offers, terms)
        km, _, days = transport(i, j, wishes, offers, terms)
        way[at, 0], way[at, 1] = km, days
    return parts, alike, way
