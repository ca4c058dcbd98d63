"""From a problem to the compiled curves of its places; several curves of a place share its units."""

from __future__ import annotations

import numpy as np

from optimization.demand.distributions import vmr_of
from optimization.network.curve_costs import floor_prices, owed_price
from optimization.network.engine.marginals import (
    CAP,
    COUNT_OF,
    FIRST,
    FLOOR,
    FLOOR_PRICE,
    HOLDING,
    KIND,
    LEVEL,
    LEVEL_PRICE,
    LOW,
    MEAN,
    NEAR_FIRST,
    NEAR_MEAN,
    NEAR_SCALE,
    NEAR_SHORTAGE,
    NUMBERS,
    POOL,
    SCALE,
    SHORTAGE,
    START,
    PlaceCurves,
)
from optimization.network.problem import NORMAL, Curves, Integers, Numbers, Problem, grouped

# pmf(0) below e^−650 would underflow; above this mean the recursion from 0 is no longer cheap.
_LEAST_LOG_FIRST = 650.0
_RECURSION_MEAN = 150.0
# Columns of a curve's own; levels and near demand belong to the place.
_OWN = CAP + 1


def place_curves(problem: Problem) -> PlaceCurves:
    """Every place's curve (n): its own, or a pool where it has several.

    A place without a curve costs nothing whatever lies there.
    """
    places, curves, n = problem.places, problem.curves, len(problem.places)
    start = grouped(curves.place, n)
    number = np.diff(start)
    numbers = np.zeros((n, NUMBERS))
    numbers[:, SCALE], numbers[:, CAP] = 1.0, np.inf
    tables = np.zeros((n, 4), dtype=np.int64)
    single, several = np.flatnonzero(number == 1), np.flatnonzero(number > 1)
    numbers[single, :_OWN], tables[single] = _columns(curves, start[single])
    own = np.flatnonzero(number[curves.place] > 1)
    pool_numbers, pool_tables = _columns(curves, own)
    tables[several, KIND] = POOL
    tables[several, COUNT_OF] = number[several]
    tables[several, START] = np.cumsum(number[several]) - number[several]
    numbers[several, HOLDING] = curves.holding_cost[start[several + 1] - 1]
    numbers[several, SHORTAGE] = owed_price(curves, n)[several]
    numbers[:, LEVEL], numbers[:, LEVEL_PRICE] = places.level, places.level_price
    ratio = vmr_of(places.near_mean, places.near_variance)
    numbers[:, NEAR_MEAN], numbers[:, NEAR_SCALE] = places.near_mean, ratio
    numbers[:, NEAR_FIRST] = _first_mass(places.near_mean, ratio)
    numbers[:, NEAR_SHORTAGE] = places.near_shortage_cost
    scratch = np.zeros((max(int(number.max(initial=1)), 1), 4))
    table = np.ascontiguousarray(curves.table, dtype=np.float64)
    return PlaceCurves(numbers, tables, table, pool_numbers, pool_tables, scratch)


def _columns(curves: Curves, rows: Integers) -> tuple[Numbers, Integers]:
    """Numbers (r × 8) and tables (r × 4) of these curves."""
    numbers, tables = np.zeros((len(rows), _OWN)), np.zeros((len(rows), 4), dtype=np.int64)
    mean, variance = curves.mean[rows], curves.variance[rows]
    ratio = vmr_of(mean, variance)
    is_normal = curves.kind[rows] == NORMAL
    numbers[:, MEAN] = mean
    numbers[:, SCALE] = np.where(is_normal, np.sqrt(variance), ratio)
    numbers[:, FIRST] = np.where(is_normal, 0.0, _first_mass(mean, ratio))
    numbers[:, HOLDING], numbers[:, SHORTAGE] = curves.holding_cost[rows], curves.shortage_cost[rows]
    numbers[:, FLOOR], numbers[:, FLOOR_PRICE] = curves.floor[rows], floor_prices(curves)[rows]
    numbers[:, CAP] = curves.cap[rows]
    tables[:, KIND], tables[:, START] = curves.kind[rows], curves.table_start[rows]
    tables[:, COUNT_OF], tables[:, LOW] = curves.table_count[rows], curves.table_low[rows]
    return numbers, tables


def _first_mass(mean: Numbers, ratio: Numbers) -> Numbers:
    """P(D = 0) = v^(−μ/(v−1)), e^(−μ) for Poisson; 0 where the recursion may not start there."""
    over = np.maximum(ratio - 1.0, 1e-9)
    log_first = np.where(ratio > 1.0, mean / over * np.log(ratio), mean)
    kept = (mean <= _RECURSION_MEAN) & (log_first < _LEAST_LOG_FIRST)
    return np.where(kept, np.exp(-np.minimum(log_first, _LEAST_LOG_FIRST)), 0.0)
