"""Which units a request may have, looked through block by block; a table of all pairs is never made.

Units stand in three orders: by model, by category, and all of them, each by price. A request looks
through the stretch that its model (or category) and its highest price leave, and keeps the best few.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optimization.promising.matching.assignment import NO_UNIT, TIERS, Integers, Numbers
from optimization.promising.matching.compiled import compiled
from optimization.promising.matching.scoring import (
    EARTH_RADIUS_KM,
    PARTS,
    Offers,
    Terms,
    Wishes,
    bit_count,
    judge,
    points,
    similarities,
    transport,
    trim_likeness,
    way,
)

CENTS = 100.0
# Kept pairs are many; units and cents of one pair fit in half the bits.
Short = npt.NDArray[np.int32]


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


class Seen:
    """Pairs that meet all requirements, kept for requests that are looked through again and again.

    Up to `most` pairs are kept; requests beyond them are looked through anew each time.
    """

    def __init__(self, wishes: Wishes, offers: Offers, terms: Terms, fitting: Integers, most: int) -> None:
        self._stated = wishes, offers, terms
        self._fitting, self._left = fitting, most
        self._start = np.full(len(fitting), -1, dtype=np.int64)
        self._unit, self._gain = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)

    def best(
        self, rows: Integers, tier: Integers, price: Integers, floor: Integers | None, k: int
    ) -> tuple[Integers, Integers]:
        """Units and gains (rows, k) as `best_units` finds them."""
        self._keep(rows[self._start[rows] < 0])
        is_kept = self._start[rows] >= 0
        unit, gain = np.full((len(rows), k), NO_UNIT, np.int64), np.zeros((len(rows), k), np.int64)
        least = np.zeros((len(rows), TIERS), dtype=np.int64) if floor is None else floor
        at = np.flatnonzero(is_kept)
        start = self._start[rows[at]]
        unit[at], gain[at] = _best_seen(
            start,
            start + self._fitting[rows[at]],
            self._unit,
            self._gain,
            tier[rows[at]],
            price,
            least[at],
            floor is not None,
            k,
        )
        at = np.flatnonzero(~is_kept)
        if len(at):
            found = best_units(rows[at], *self._stated, tier, price, None if floor is None else floor[at], k)
            unit[at], gain[at] = found.unit, found.gain
        return unit, gain

    def _keep(self, rows: Integers) -> None:
        end = np.cumsum(self._fitting[rows])
        rows = rows[end <= self._left]
        if not len(rows):
            return
        start = np.concatenate([[0], np.cumsum(self._fitting[rows])])
        unit, gain = _all_units(rows, start, *self._stated)
        self._start[rows] = start[:-1] + len(self._unit)
        self._unit, self._gain = np.concatenate([self._unit, unit]), np.concatenate([self._gain, gain])
        self._left -= int(start[-1])


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
    longest = 1
    for at in range(len(rows)):
        longest = max(longest, wishes.stop[rows[at]] - wishes.begin[rows[at]])
    fit, worth = np.empty(longest, np.int32), np.empty(longest, np.int32)
    for at in range(len(rows)):
        count[at] = _units_of(rows[at], wishes, offers, terms, fit, worth)
        _keep_best(
            fit[: count[at]],
            worth[: count[at]],
            tier[rows[at]],
            price,
            floor[at],
            has_floor,
            unit[at],
            gain[at],
        )
    return unit, gain, count


@compiled
def _best_seen(
    start: Integers,
    stop: Integers,
    fit: Short,
    worth: Short,
    tier: Integers,
    price: Integers,
    floor: Integers,
    has_floor: bool,
    k: int,
) -> tuple[Integers, Integers]:
    unit = np.full((len(start), k), NO_UNIT, np.int64)
    gain = np.zeros((len(start), k), np.int64)
    for at in range(len(start)):
        own, worths = fit[start[at] : stop[at]], worth[start[at] : stop[at]]
        _keep_best(own, worths, tier[at], price, floor[at], has_floor, unit[at], gain[at])
    return unit, gain


@compiled
def _all_units(
    rows: Integers, start: Integers, wishes: Wishes, offers: Offers, terms: Terms
) -> tuple[Short, Short]:
    longest = 1
    for at in range(len(rows)):
        longest = max(longest, wishes.stop[rows[at]] - wishes.begin[rows[at]])
    fit, worth = np.empty(longest, np.int32), np.empty(longest, np.int32)
    unit, gain = np.empty(start[-1], np.int32), np.empty(start[-1], np.int32)
    for at in range(len(rows)):
        count = _units_of(rows[at], wishes, offers, terms, fit, worth)
        unit[start[at] : start[at] + count] = fit[:count]
        gain[start[at] : start[at] + count] = worth[:count]
    return unit, gain


@compiled
def _units_of(i: int, wishes: Wishes, offers: Offers, terms: Terms, fit: Short, worth: Short) -> int:
    """All units of one request and their gains in cents, in the order of the listing; returns how many.

    The rules are those of `judge`, which the audit asks again; here every array is fetched once per
    request, for that costs more than the arithmetic of a pair.
    """
    listing, category, powertrain = offers.listing, offers.category, offers.powertrain
    ready, place, position, options = offers.ready_day, offers.location, offers.position, offers.options
    price, colours, trims, ladder = offers.price, offers.colour, offers.trim, offers.trim_place
    ageing, scarcity, weight, today = offers.ageing, offers.scarcity, terms.weight, terms.today
    here, base, reference = wishes.location[i], wishes.base[i], wishes.reference_price[i]
    lane_cost, lane_days = terms.lane_cost[:, here], terms.lane_days[:, here]
    needed, is_stated, max_km = wishes.needed_day[i], wishes.km_is_stated[i], wishes.max_km[i]
    own_category, own_powertrain = wishes.category[i], wishes.powertrain[i]
    must, wish, wished = wishes.must[i], wishes.wish[i], wishes.wish_count[i]
    own_colour, own_trim, own_place = wishes.colour[i], wishes.trim[i], wishes.trim_place[i]
    alike = terms.colour[max(own_colour, 0)] if terms.colour.shape[0] > 0 else np.zeros(1)
    x, y, z = wishes.position[i, 0], wishes.position[i, 1], wishes.position[i, 2]
    half = min(max_km / (2.0 * EARTH_RADIUS_KM), np.pi / 2.0)
    furthest = (2.0 * np.sin(half)) ** 2 * (1.0 + 1e-9)
    has_limit = wishes.max_price[i] < np.inf
    count = 0
    for at in range(wishes.begin[i], wishes.stop[i]):
        j = listing[at]
        if ready[j] > needed or (own_powertrain >= 0 and own_powertrain != powertrain[j]):
            continue
        if (own_category >= 0 and own_category != category[j]) or (has_limit and np.isnan(price[j])):
            continue
        cost, days = 0.0, 0.0
        if place[j] != here:
            square = (position[j, 0] - x) ** 2 + (position[j, 1] - y) ** 2 + (position[j, 2] - z) ** 2
            if square > furthest and (is_stated or np.isnan(lane_cost[place[j]])):
                continue
            km = 2.0 * EARTH_RADIUS_KM * np.arcsin(min(np.sqrt(square) / 2.0, 1.0))
            cost, days = way(
                km, max_km, is_stated, lane_cost[place[j]], lane_days[place[j]], weight[4], terms.km_per_day
            )
            if np.isnan(cost):
                continue
        there = ready[j] + np.int64(np.ceil(days))
        if there > needed:
            continue
        is_missing, met = False, 0
        for word in range(len(must)):
            is_missing |= (must[word] & ~options[j, word]) != 0
            met += bit_count(wish[word] & options[j, word])
        if is_missing:
            continue
        colour = alike[colours[j]] if own_colour >= 0 and colours[j] >= 0 else 0.0
        trim = trim_likeness(own_trim, trims[j], own_place, ladder[j])
        option, appearance, closeness, waiting = points(
            met, wished, colour, trim, price[j], reference, there - today, weight
        )
        worth_of = option + appearance + closeness - cost + waiting + ageing[j] - scarcity[j]
        fit[count] = j
        worth[count] = np.int32(np.rint((worth_of + base) * CENTS))
        count += 1
    return count


@compiled
def _keep_best(
    fit: Short,
    worth: Short,
    tier: int,
    price: Integers,
    floor: Integers,
    has_floor: bool,
    unit: Integers,
    gain: Integers,
) -> None:
    """Fill `unit` and `gain` (k) with the best of the units that fit, net of prices."""
    k, kept = len(unit), 0
    net, own = np.zeros((k, TIERS), np.int64), np.zeros(TIERS, np.int64)
    for at in range(len(fit)):
        j = fit[at]
        for t in range(TIERS):
            own[t] = -price[j, t]
        own[tier] += worth[at]
        if has_floor and not _more(own, floor):
            continue
        if kept == k and not _more(own, net[k - 1]):
            continue
        slot = kept if kept < k else k - 1
        kept = min(kept + 1, k)
        while slot > 0 and _more(own, net[slot - 1]):
            net[slot] = net[slot - 1]
            unit[slot] = unit[slot - 1]
            gain[slot] = gain[slot - 1]
            slot -= 1
        net[slot] = own
        unit[slot] = j
        gain[slot] = worth[at]


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
