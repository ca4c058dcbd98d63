r"""What a pair of a request and a unit must meet, and what it is worth: one pair after the other, compiled.

.. math:: s = w_o\,\text{options} + w_c\,\text{colour} + w_t\,\text{trim} + w_p\,\text{price under the limit}
          - \text{transport} - w_d\,\text{days to wait} + \text{ageing} - \text{scarcity}

All in money. Belongs here: the rules of one pair. Which pairs are looked at stands in `candidates`,
where the numbers come from in `stating`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optimization.promising.matching.appearance import NEXT_TRIM, SAME
from optimization.promising.matching.compiled import compiled

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]

NONE = -1
NO_DAY = 1 << 40
EARTH_RADIUS_KM = 6371.0
# Someone who pays up to a price does not look for half of it: below this share the price earns no more.
PRICE_CLOSENESS = 0.10
PARTS = ("option", "appearance", "price", "distance", "date", "ageing", "scarcity")
# What a pair fails by, in the order in which it is asked; `MET` fails nowhere.
CATEGORY, POWERTRAIN, OPTIONS, PRICE, REACH, DATE, MET = range(7)


class Wishes(NamedTuple):
    """Requests as numbers, by row; −1 is no wish.

    `must`, `wish` (n, words): options as bits. `max_price` and `max_km` inf where none; `km_is_stated`.
    `reference_price`: what the price is measured against. `needed_day` is a day number or NO_DAY.
    `position` (n, 3): the place on the unit sphere, NaN where unknown. `location`: code, `lane`s use it.
    `begin`, `stop`: the stretch of the listing that may fit. `tier`; `base`: money that leaving it
    unmatched costs.
    """

    category: Integers
    powertrain: Integers
    must: Bits
    wish: Bits
    wish_count: Integers
    max_price: Numbers
    reference_price: Numbers
    position: Numbers
    location: Integers
    max_km: Numbers
    km_is_stated: npt.NDArray[np.bool_]
    needed_day: Integers
    colour: Integers
    trim: Integers
    trim_place: Integers
    begin: Integers
    stop: Integers
    tier: Integers
    base: Numbers


class Offers(NamedTuple):
    """Promisable units as numbers, by row; `ready_day` at their own place, `ageing`, `scarcity` in money.

    `listing`: rows of units in the three orders in which requests look through them.
    """

    category: Integers
    powertrain: Integers
    options: Bits
    price: Numbers
    position: Numbers
    location: Integers
    ready_day: Integers
    colour: Integers
    trim: Integers
    trim_place: Integers
    ageing: Numbers
    scarcity: Numbers
    listing: Integers


class Terms(NamedTuple):
    """What all pairs share: weights in money, colours' similarity (wished, offered), lanes (from, to).

    `weight`: option, colour, trim, price, km, day. A lane that is not there is NaN.
    """

    weight: Numbers
    colour: Numbers
    lane_cost: Numbers
    lane_days: Numbers
    km_per_day: float
    today: int


def on_sphere(latitude: Numbers, longitude: Numbers) -> Numbers:
    """Places as points of the unit sphere, (n, 3), from degrees."""
    phi, theta = np.radians(latitude), np.radians(longitude)
    return np.stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)], axis=1)


def great_circle_km(a: Numbers, b: Numbers) -> Numbers:
    """Kilometres between points of the unit sphere: 2·R·asin(chord / 2); NaN where one is unknown.

    Source: the haversine formula (Sinnott 1984), by chords.

    >>> new_york, los_angeles = on_sphere(np.array([40.71, 34.05]), np.array([-74.01, -118.24]))
    >>> round(float(great_circle_km(new_york, los_angeles)))
    3935
    """
    chord = np.sqrt(((a - b) ** 2).sum(axis=-1))
    return np.asarray(2.0 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2.0, 1.0)), dtype=np.float64)


@compiled
def km_between(a: Numbers, b: Numbers) -> float:
    """`great_circle_km` of one pair."""
    square = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2
    return float(2.0 * EARTH_RADIUS_KM * np.arcsin(min(np.sqrt(square) / 2.0, 1.0)))


@compiled
def bit_count(bits: np.uint64) -> int:
    """Number of set bits."""
    count = 0
    rest = bits
    while rest:
        rest &= rest - np.uint64(1)
        count += 1
    return count


@compiled
def way(
    km: float,
    max_km: float,
    km_is_stated: bool,
    lane_cost: float,
    lane_days: float,
    km_cost: float,
    pace: float,
) -> tuple[float, float]:
    """Money and days from another place; money is NaN out of reach.

    A lane's terms, else by the kilometre. A reach that the customer states binds wherever the distance
    is known; without one a lane reaches any place it goes to.
    """
    if km > max_km and km_is_stated:
        return np.nan, 0.0
    if not np.isnan(lane_cost):
        return lane_cost, lane_days
    if np.isnan(km) or km > max_km:
        return np.nan, 0.0
    return km * km_cost, km / pace


@compiled
def points(
    met: int,
    wished: int,
    colour: float,
    trim: float,
    price: float,
    reference: float,
    wait: int,
    weight: Numbers,
) -> tuple[float, float, float, float]:
    """Worth of options, appearance, price and waiting days."""
    option = weight[0] * met / wished if wished > 0 else 0.0
    under = min(reference - price, PRICE_CLOSENESS * reference)
    closeness = 0.0 if np.isnan(under) else weight[3] * under
    return option, weight[1] * colour + weight[2] * trim, closeness, -weight[5] * max(wait, 0)


@compiled
def trim_likeness(wish: int, offer: int, wish_place: int, offer_place: int) -> float:
    """`appearance.trim_similarity` by codes, 0 where no trim is wished."""
    if wish < 0:
        return 0.0
    if wish == offer:
        return SAME
    is_next = wish_place >= 0 and offer_place >= 0 and abs(wish_place - offer_place) == 1
    return NEXT_TRIM if is_next else 0.0


@compiled
def transport(i: int, j: int, wishes: Wishes, offers: Offers, terms: Terms) -> tuple[float, float, float]:
    """Kilometres (NaN unknown), money (NaN out of reach) and days to the customer's place."""
    a, b = offers.location[j], wishes.location[i]
    if a == b:
        return 0.0, 0.0, 0.0
    km = km_between(wishes.position[i], offers.position[j])
    cost, days = way(
        km,
        wishes.max_km[i],
        wishes.km_is_stated[i],
        terms.lane_cost[a, b],
        terms.lane_days[a, b],
        terms.weight[4],
        terms.km_per_day,
    )
    return km, cost, days


@compiled
def judge(i: int, j: int, wishes: Wishes, offers: Offers, terms: Terms, part: Numbers) -> int:
    """First requirement that the pair fails, or MET; then `part` (7) holds the parts of its score."""
    if wishes.category[i] >= 0 and wishes.category[i] != offers.category[j]:
        return CATEGORY
    if wishes.powertrain[i] >= 0 and wishes.powertrain[i] != offers.powertrain[j]:
        return POWERTRAIN
    met = 0
    for word in range(wishes.must.shape[1]):
        if wishes.must[i, word] & ~offers.options[j, word]:
            return OPTIONS
        met += bit_count(wishes.wish[i, word] & offers.options[j, word])
    price = offers.price[j]
    # Written so that an unknown price fails a limit.
    if wishes.max_price[i] < np.inf and not price <= wishes.max_price[i]:
        return PRICE
    _, cost, days = transport(i, j, wishes, offers, terms)
    if np.isnan(cost):
        return REACH
    there = offers.ready_day[j] + np.int64(np.ceil(days))
    if there > wishes.needed_day[i]:
        return DATE
    colour = 0.0
    if wishes.colour[i] >= 0 and offers.colour[j] >= 0:
        colour = terms.colour[wishes.colour[i], offers.colour[j]]
    trim = trim_likeness(wishes.trim[i], offers.trim[j], wishes.trim_place[i], offers.trim_place[j])
    part[0], part[1], part[2], part[4] = points(
        met,
        wishes.wish_count[i],
        colour,
        trim,
        price,
        wishes.reference_price[i],
        there - terms.today,
        terms.weight,
    )
    part[3], part[5], part[6] = -cost, offers.ageing[j], -offers.scarcity[j]
    return MET


@compiled
def similarities(i: int, j: int, wishes: Wishes, offers: Offers, terms: Terms) -> tuple[float, float, float]:
    """Share of wished options, colour and trim that a pair meets, each 1 where nothing is wished."""
    option = 1.0
    if wishes.wish_count[i] > 0:
        met = 0
        for word in range(wishes.wish.shape[1]):
            met += bit_count(wishes.wish[i, word] & offers.options[j, word])
        option = met / wishes.wish_count[i]
    colour = 1.0
    if wishes.colour[i] >= 0:
        colour = terms.colour[wishes.colour[i], offers.colour[j]] if offers.colour[j] >= 0 else 0.0
    trim = 1.0
    if wishes.trim[i] >= 0:
        trim = trim_likeness(wishes.trim[i], offers.trim[j], wishes.trim_place[i], offers.trim_place[j])
    return option, colour, trim
