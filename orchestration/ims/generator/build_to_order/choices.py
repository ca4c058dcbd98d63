"""Which unit a customer took: past requests around sales that are already told.

The sales are given, so the wishes are drawn to them: of many possible wishes (a trim, a place, a highest
price), one is taken with a chance in proportion to the probability that a customer with that wish would
have chosen the sold unit among all that stood within reach on that day. By Bayes' rule a request and its
unit are then as if the request had come first and the choice had followed the conditional logit

    P(unit) = exp(U(unit)) / sum over units in reach of exp(U)
    U = TRUE_WEIGHTS["trim"] * [the trim that is wished for]
        + TRUE_WEIGHTS["price_per_1000"] * (highest price - price) / 1000
        + TRUE_WEIGHTS["km_per_100"] * km / 100

up to how often each unit is sold at all. `TRUE_WEIGHTS` is the truth: no source table carries it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestration.ims.generator.counters import Floats, Ints, UInts, uniform

TRUE_WEIGHTS = {"trim": 1.8, "price_per_1000": 0.12, "km_per_100": -0.9}
REACH_KM = 300.0
_WISHES = 40
_PRICE_ROOM = (1.0, 1.2)


@dataclass(frozen=True)
class SoldUnits:
    """Units that were sold, one element each; `place` and `trim` are positions, days are day numbers."""

    model: Ints
    trim: Ints
    place: Ints
    received: Ints
    sold: Ints
    price: Floats


@dataclass(frozen=True)
class Wishes:
    """What the buyers of units wanted: a trim, a place that they asked at, a highest price."""

    unit: Ints
    trim: Ints
    place: Ints
    max_price: Floats
    choices: Ints


def draw_wishes(units: SoldUnits, chosen: Ints, keys: UInts, distance_km: Floats) -> Wishes:
    """Return the wishes of those who bought the units `chosen`, with these random keys.

    `distance_km`: places by places. A unit counts as standing there from the day of its receipt to the
    day of its sale. `Wishes.choices`: how many units each buyer could choose from.
    """
    of_model = {model: np.flatnonzero(units.model == model) for model in np.unique(units.model[chosen])}
    trims = {model: np.unique(units.trim[rows]) for model, rows in of_model.items()}
    wished = np.arange(_WISHES)
    trim, place = np.zeros(len(chosen), dtype=np.int64), np.zeros(len(chosen), dtype=np.int64)
    max_price, choices = np.zeros(len(chosen)), np.zeros(len(chosen), dtype=np.int64)
    for row, (unit, key) in enumerate(zip(chosen, keys, strict=True)):
        model, day = units.model[unit], units.sold[unit]
        there = of_model[model]
        there = there[(units.received[there] <= day) & (units.sold[there] >= day)]
        near = np.flatnonzero(distance_km[units.place[unit]] <= REACH_KM)
        a_place = near[(uniform(key, 1, wished) * len(near)).astype(np.int64)]
        a_trim = trims[model][(uniform(key, 2, wished) * len(trims[model])).astype(np.int64)]
        typical = units.price[there[(uniform(key, 3, wished) * len(there)).astype(np.int64)]]
        low, high = _PRICE_ROOM
        a_price = np.round(typical * (low + (high - low) * uniform(key, 4, wished)), -2)
        chance, count = _chances(units, there, int(unit), a_trim, a_place, a_price, distance_km)
        total = np.cumsum(chance)
        pick = min(int(np.searchsorted(total, uniform(key, 5) * total[-1])), _WISHES - 1)
        if not total[-1]:
            # nobody's highest price was high enough: whoever bought it would have paid this
            pick, a_price = 0, np.maximum(a_price, units.price[unit])
        trim[row], place[row], max_price[row], choices[row] = (
            a_trim[pick],
            a_place[pick],
            a_price[pick],
            count[pick],
        )
    return Wishes(unit=chosen, trim=trim, place=place, max_price=max_price, choices=choices)


def _chances(
    units: SoldUnits,
    there: Ints,
    unit: int,
    trim: Ints,
    place: Ints,
    max_price: Floats,
    distance_km: Floats,
) -> tuple[Floats, Ints]:
    """The probability of each wish that `unit` is chosen among those in reach, and how many these are."""
    km = distance_km[place[:, None], units.place[there]]
    money = max_price[:, None] - units.price[there]
    in_reach: npt.NDArray[np.bool_] = (km <= REACH_KM) & (money >= 0)
    utility = TRUE_WEIGHTS["trim"] * (units.trim[there] == trim[:, None])
    utility = utility + TRUE_WEIGHTS["price_per_1000"] * money / 1_000 + TRUE_WEIGHTS["km_per_100"] * km / 100
    worth = np.where(in_reach, np.exp(utility), 0.0)
    total = worth.sum(axis=1)
    own = worth[:, np.flatnonzero(there == unit)[0]]
    return np.divide(own, total, out=np.zeros(len(own)), where=total > 0), in_reach.sum(axis=1)
