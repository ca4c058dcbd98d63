"""Which unit a customer took: past requests around sales that are already told.

The sales are given, so the wishes are drawn to them: of many possible wishes (a trim, a place, a highest
price), one is taken with a chance in proportion to the probability that a customer with that wish would
have chosen the sold unit among all that stood within reach on that day, and a sale has a request at all
in proportion to the mean of these probabilities. By Bayes' rule the requests and their units are then as
if the requests had come first, each wish as likely, and the choice had followed the conditional logit

    P(unit) = exp(U(unit)) / sum over units in reach of exp(U)
    U = TRUE_WEIGHTS["trim"] * [the trim that is wished for]
        + TRUE_WEIGHTS["price_per_1000"] * (highest price - price) / 1000
        + TRUE_WEIGHTS["km_per_100"] * km / 100

`TRUE_WEIGHTS` is the truth: no source table carries it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestration.ims.generator.counters import Floats, Ints, UInts, uniform

TRUE_WEIGHTS = {"trim": 1.8, "price_per_1000": 0.35, "km_per_100": -0.9}
REACH_KM = 300.0
_WISHES = 24
_PRICE_ROOM = (1.0, 1.2)
# a sale that is so many times as likely as one among equals always has a request
_CERTAIN = 3.0


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


def draw_wishes(units: SoldUnits, sales: Ints, keys: UInts, distance_km: Floats) -> Wishes:
    """Return the wishes of those who bought `sales`, with these random keys; some two in three have none.

    `distance_km`: places by places. A unit counts as standing there from the day of its receipt to the
    day of its sale. `Wishes.choices`: how many units each buyer could choose from.
    """
    by_sale = np.argsort(units.sold, kind="stable")
    of_model = {
        model: by_sale[units.model[by_sale] == model] for model in np.unique(units.model[sales]).tolist()
    }
    trims = {model: np.unique(units.trim[rows]) for model, rows in of_model.items()}
    sold = {model: units.sold[rows] for model, rows in of_model.items()}
    stay = int((units.sold - units.received).max(initial=0))
    draws = uniform(keys[:, None], np.arange(4 * _WISHES + 2))
    kept: list[tuple[int, int, int, float, int]] = []
    for unit, draw in zip(sales.tolist(), draws, strict=True):
        model, day = int(units.model[unit]), int(units.sold[unit])
        first, last = np.searchsorted(sold[model], [day, day + stay + 1])
        there = of_model[model][first:last]
        there = there[units.received[there] <= day]
        near = np.flatnonzero(distance_km[units.place[unit]] <= REACH_KM)
        of_place, of_trim, of_unit, of_price = draw[: 4 * _WISHES].reshape(4, -1)
        place = near[(of_place * len(near)).astype(np.int64)]
        trim = trims[model][(of_trim * len(trims[model])).astype(np.int64)]
        typical = units.price[there[(of_unit * len(there)).astype(np.int64)]]
        low, high = _PRICE_ROOM
        price = np.round(typical * (low + (high - low) * of_price), -2)
        # no buyer who could take the unit reaches further
        reached = there[distance_km[units.place[unit], units.place[there]] <= 2 * REACH_KM]
        chance, count = _chances(units, reached, unit, trim, place, price, distance_km)
        often = chance.mean() * len(there) * len(near) / len(distance_km)
        if draw[-1] >= often / _CERTAIN:
            continue
        total = np.cumsum(chance)
        pick = min(int(np.searchsorted(total, draw[-2] * total[-1])), _WISHES - 1)
        kept.append((unit, int(trim[pick]), int(place[pick]), float(price[pick]), int(count[pick])))
    columns = np.array(kept, dtype=np.float64).reshape(-1, 5)
    unit_, trim_, place_, _, choices = columns.astype(np.int64).T
    return Wishes(unit=unit_, trim=trim_, place=place_, max_price=columns[:, 3], choices=choices)


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
