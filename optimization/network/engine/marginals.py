"""What one more unit costs at a place, compiled: closed form, counts, tables, levels and floors.

One curve per place; several curves of a place are merged to a table before (`pools`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from optimization.network.engine.arrays import DOWN, NEAR, NEAR_DOWN, NEAR_UP, POSITION, UP, State
from optimization.network.engine.compiled import ZERO, compiled, inner
from optimization.network.problem import COUNT, NORMAL, TABLE, Integers, Numbers

# Beyond so many standard deviations the loss is 0 or linear: cutting earlier makes the marginals
# fall by 1e-6 somewhere, and the search for a better plan would go round in circles.
_FAR = 9.0
_ROOT_TWO = math.sqrt(2.0)
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)

MEAN, SCALE, FIRST, HOLDING, SHORTAGE, FLOOR, FLOOR_PRICE, CAP, LEVEL, LEVEL_PRICE = range(10)
NEAR_MEAN, NEAR_SCALE, NEAR_FIRST, NEAR_SHORTAGE = range(10, 14)
NUMBERS = 14
"""Columns of `PlaceCurves.numbers`. SCALE is the standard deviation of a normal curve, the variance-to-mean
ratio of a count. FIRST: P(D = 0) of a count, 0 where it underflows. NEAR_*: the demand before an order."""

KIND, START, COUNT_OF, LOW = range(4)
"""Columns of `PlaceCurves.tables`: kind of the curve, and where its table starts, ends and stands."""

POOL = 3
"""Kind of a place with several curves: START and COUNT_OF are those of its curves in `pool_numbers`."""

_GIVEN, _MASS, _SHARE, _NEXT = range(4)


class PlaceCurves(NamedTuple):
    """The curve of every place: numbers (n × 14), tables (n × 4) and the marginals of all tables.

    Curves of places with several have rows of the same columns in `pool_numbers` (c × 8) and
    `pool_tables` (c × 4). scratch: room to share one place's units.
    """

    numbers: Numbers
    tables: Integers
    table: Numbers
    pool_numbers: Numbers
    pool_tables: Integers
    scratch: Numbers


@compiled
def normal_loss(x: float, mean: float, deviation: float) -> float:
    """E(D − x)+ = σ·[φ(z) − z·(1 − Φ(z))], z = (x − μ)/σ."""
    if deviation <= 0.0 or x < mean - _FAR * deviation:
        return max(mean - x, 0.0)
    z = (x - mean) / deviation
    if z > _FAR:
        return 0.0
    return deviation * (math.exp(-0.5 * z * z) / _ROOT_TWO_PI - 0.5 * z * math.erfc(z / _ROOT_TWO))


@inner
def _log_mass(k: float, mean: float, ratio: float) -> float:
    if ratio <= 1.0:
        return k * math.log(mean) - mean - math.lgamma(k + 1.0)
    r = mean / (ratio - 1.0)
    own = math.lgamma(k + r) - math.lgamma(r) - math.lgamma(k + 1.0)
    return own - r * math.log(ratio) + k * math.log1p(-1.0 / ratio)


@compiled
def count_cdf(k: float, mean: float, ratio: float, first: float) -> float:
    """P(D ≤ k) for a whole k: negative binomial with variance-to-mean ratio v > 1, Poisson at 1.

    pmf(j+1) = pmf(j)·(s·j + t)/(j+1) with s = 1 − 1/v, t = μ/v. Where pmf(0) underflows, the smaller
    tail is summed from pmf(k), which is taken from its logarithm.
    """
    if k < 0.0:
        return 0.0
    if mean <= 0.0:
        return 1.0
    slope, start = 1.0 - 1.0 / ratio, mean / ratio
    if first > 0.0:
        mass, total, j = first, first, 0.0
        while j < k and (j < mean or mass > 1e-18):
            mass *= (slope * j + start) / (j + 1.0)
            total += mass
            j += 1.0
        return min(total, 1.0)
    mass, total, j = math.exp(_log_mass(k, mean, ratio)), 0.0, k
    if k <= mean:
        while j >= 0.0 and mass > 1e-18 * total:
            total += mass
            mass *= j / (slope * (j - 1.0) + start)
            j -= 1.0
        return total
    while True:
        mass *= (slope * j + start) / (j + 1.0)
        total += mass
        j += 1.0
        if mass <= 1e-18 * total:
            return 1.0 - total


@inner
def count_marginal(
    x: float, mean: float, ratio: float, first: float, holding_cost: float, shortage_cost: float
) -> float:
    """G(x+1) − G(x) = (h + b)·F(x) − b for whole x, pro rata between two whole x."""
    below = float(np.floor(x))
    part = x - below
    share = count_cdf(below, mean, ratio, first)
    if part > 1e-9:
        share += part * (count_cdf(below + 1.0, mean, ratio, first) - share)
    return (holding_cost + shortage_cost) * share - shortage_cost


@inner
def _table_marginal(tables: Integers, table: Numbers, place: int, x: float) -> float:
    """The entry of x, the first or last one outside, pro rata between two whole x."""
    below = math.floor(x)
    part = x - below
    start, last = tables[place, START], tables[place, COUNT_OF] - 1
    step = int(below) - tables[place, LOW]
    here = table[start + min(max(step, 0), last)]
    if part > 1e-9:
        here += part * (table[start + min(max(step + 1, 0), last)] - here)
    return float(here)


@inner
def plain_marginal(numbers: Numbers, tables: Integers, table: Numbers, place: int, x: float) -> float:
    """G(x+1) − G(x) of the curve alone, without floor, cap and level."""
    kind = tables[place, KIND]
    if kind == TABLE:
        return _table_marginal(tables, table, place, x)
    holding, shortage = numbers[place, HOLDING], numbers[place, SHORTAGE]
    mean, scale = numbers[place, MEAN], numbers[place, SCALE]
    if kind == NORMAL:
        step = normal_loss(x + 1.0, mean, scale) - normal_loss(x, mean, scale)
        return float(holding + (holding + shortage) * step)
    return count_marginal(x, mean, scale, numbers[place, FIRST], holding, shortage)


@inner
def _advance(
    numbers: Numbers, tables: Integers, table: Numbers, scratch: Numbers, curve: int, k: int
) -> None:
    """The cost of the next unit of the k-th curve of a pool; counts go on from the unit before."""
    given = scratch[k, _GIVEN]
    if tables[curve, KIND] == COUNT and numbers[curve, FIRST] > 0.0:
        ratio = numbers[curve, SCALE]
        if given == 0.0:
            scratch[k, _MASS] = scratch[k, _SHARE] = numbers[curve, FIRST]
        else:
            scratch[k, _MASS] *= ((1.0 - 1.0 / ratio) * (given - 1.0) + numbers[curve, MEAN] / ratio) / given
            scratch[k, _SHARE] = min(scratch[k, _SHARE] + scratch[k, _MASS], 1.0)
        both = numbers[curve, HOLDING] + numbers[curve, SHORTAGE]
        cost = both * scratch[k, _SHARE] - numbers[curve, SHORTAGE]
    else:
        cost = plain_marginal(numbers, tables, table, curve, given)
    if given < numbers[curve, FLOOR]:
        cost -= numbers[curve, FLOOR_PRICE] * min(numbers[curve, FLOOR] - given, 1.0)
    scratch[k, _NEXT] = cost if given + 1.0 <= numbers[curve, CAP] else np.inf


@inner
def _share_units(
    numbers: Numbers,
    tables: Integers,
    table: Numbers,
    scratch: Numbers,
    first: int,
    count: int,
    units: float,
) -> int:
    """Give so many units, one by one, to the curve of a pool that gains most, ties to the earlier.

    Leaves the cost of every curve's next unit; the curve of the next unit is returned, −1 at the caps.
    """
    for k in range(count):
        scratch[k, _GIVEN] = 0.0
        _advance(numbers, tables, table, scratch, first + k, k)
    while True:
        best = ZERO
        for k in range(1, count):
            if scratch[k, _NEXT] < scratch[best, _NEXT]:
                best = k
        if scratch[best, _NEXT] == np.inf:
            return -1
        if units < 1.0:
            return best
        units -= 1.0
        scratch[best, _GIVEN] += 1.0
        _advance(numbers, tables, table, scratch, first + best, best)


@inner
def _pool_marginal(curves: PlaceCurves, place: int, x: float) -> float:
    """The next unit's cost where it is worth most; beyond all caps it rests, below 0 it is owed."""
    first, count = curves.tables[place, START], curves.tables[place, COUNT_OF]
    if x < 0.0:
        return float(-curves.numbers[place, SHORTAGE])
    numbers, tables, scratch = curves.pool_numbers, curves.pool_tables, curves.scratch
    best = _share_units(numbers, tables, curves.table, scratch, first, count, x)
    return float(scratch[best, _NEXT] if best >= 0 else curves.numbers[place, HOLDING])


@inner
def marginal(curves: PlaceCurves, place: int, x: float) -> float:
    """What the unit from position x to x + 1 costs at a place, money; negative while it is needed."""
    numbers, tables, table = curves.numbers, curves.tables, curves.table
    if tables[place, KIND] == POOL:
        cost = _pool_marginal(curves, place, x)
        if x < numbers[place, LEVEL]:
            cost -= numbers[place, LEVEL_PRICE] * min(numbers[place, LEVEL] - x, 1.0)
        return cost
    over = min(max(x + 1.0 - numbers[place, CAP], 0.0), 1.0)
    cost = over * numbers[place, HOLDING]
    if over < 1.0:
        cost += (1.0 - over) * plain_marginal(numbers, tables, table, place, x)
    if x < numbers[place, FLOOR]:
        cost -= numbers[place, FLOOR_PRICE] * min(numbers[place, FLOOR] - x, 1.0)
    if x < numbers[place, LEVEL]:
        cost -= numbers[place, LEVEL_PRICE] * min(numbers[place, LEVEL] - x, 1.0)
    return float(cost)


@inner
def near_marginal(numbers: Numbers, place: int, x: float) -> float:
    """The same on the demand that no order placed now can serve: −b·P(D > x), pro rata between."""
    mean, scale, first = numbers[place, NEAR_MEAN], numbers[place, NEAR_SCALE], numbers[place, NEAR_FIRST]
    return count_marginal(x, mean, scale, first, 0.0, numbers[place, NEAR_SHORTAGE])


@inner
def read_place(curves: PlaceCurves, places: Numbers, place: int) -> None:
    """Marginals of a place at its position."""
    at = places[place, POSITION]
    places[place, UP] = marginal(curves, place, at)
    places[place, DOWN] = marginal(curves, place, at - 1.0)


@inner
def read_near(numbers: Numbers, places: Numbers, place: int) -> None:
    """Marginals of a place's near curve at its near position."""
    at = places[place, NEAR]
    places[place, NEAR_UP] = near_marginal(numbers, place, at)
    places[place, NEAR_DOWN] = near_marginal(numbers, place, at - 1.0)


@compiled
def read_marginals(curves: PlaceCurves, state: State) -> None:
    """Marginals of every place at the state's positions."""
    numbers, places = curves.numbers, state.places
    for place in range(len(places)):
        read_place(curves, places, place)
        if numbers[place, NEAR_SHORTAGE] > 0.0:
            read_near(numbers, places, place)
