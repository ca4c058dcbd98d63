"""What x units cost on a demand curve, evaluated in numpy, and what the next unit changes.

Belongs here: one curve at a time, of each kind. How several curves of a place share its units is in
`sharing`.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from optimization.demand.distributions import expected_shortage
from optimization.network.problem import COUNT, NORMAL, TABLE, Curves, Integers, Numbers


def curve_cost(curves: Curves, x: Numbers) -> Numbers:
    """G(x) per curve, money, for x units (c); floors and caps are the pool's business.

    Normal: G(x) = h·(x − μ) + (h + b)·σ·[φ(z) − z·(1 − Φ(z))], z = (x − μ)/σ. Source: Snyder & Shen,
    Fundamentals of Supply Chain Theory, section 4.3.
    """
    x = np.asarray(x, dtype=np.float64)
    result = np.empty(len(curves))
    for kind, cost in ((NORMAL, _normal_cost), (COUNT, _count_cost), (TABLE, _table_cost)):
        rows = np.flatnonzero(curves.kind == kind)
        if len(rows):
            result[rows] = cost(curves.take(rows), x[rows])
    return result


def _normal_cost(curves: Curves, x: Numbers) -> Numbers:
    sd = np.sqrt(curves.variance)
    z = (x - curves.mean) / np.where(sd > 0, sd, 1.0)
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    short = np.where(sd > 0, sd * (density - z * special.ndtr(-z)), np.maximum(curves.mean - x, 0.0))
    return curves.holding_cost * (x - curves.mean) + (curves.holding_cost + curves.shortage_cost) * short


def _count_cost(curves: Curves, x: Numbers) -> Numbers:
    # All demand is short where nothing lies, which needs no distribution.
    short = curves.mean - x
    some = np.flatnonzero(x > 0)
    short[some] = expected_shortage(x[some], curves.mean[some], curves.variance[some])
    held = np.maximum(x - curves.mean + short, 0.0)
    return curves.holding_cost * held + curves.shortage_cost * short


def _table_cost(curves: Curves, x: Numbers) -> Numbers:
    start, count = curves.table_start, curves.table_count
    step = np.clip(x - curves.table_low, 0.0, count)
    whole = np.floor(step).astype(np.int64)
    part = step - whole
    inside = _sums(curves.table, start, whole)
    inside += np.where(part > 0, part * curves.table[start + np.minimum(whole, count - 1)], 0.0)
    below = np.minimum(x - curves.table_low, 0.0) * curves.table[start]
    above = np.maximum(x - curves.table_low - count, 0.0) * curves.table[start + count - 1]
    return np.asarray(curves.table_base + inside + below + above)


def _sums(table: Numbers, start: Integers, count: Integers) -> Numbers:
    """Sums of so many entries from each start; each by itself, so that no curve's size touches another's."""
    order = np.argsort(start, kind="stable")
    ends = np.column_stack([start, start + count])[order].ravel()
    sums = np.zeros(len(start))
    sums[order] = np.add.reduceat(np.append(table, 0.0), ends)[::2]
    return np.where(count > 0, sums, 0.0)


def curve_marginal(curves: Curves, x: Numbers) -> Numbers:
    """G(x+1) − G(x) per curve (c), money: what one more unit costs, negative while it is needed."""
    return curve_cost(curves, np.asarray(x) + 1.0) - curve_cost(curves, x)


def floor_prices(curves: Curves) -> Numbers:
    """Money per unit that a curve's floor misses (c), 0 where it has none."""
    return np.where(curves.floor > 0, curves.floor_price, 0.0)


def owed_price(curves: Curves, places: int) -> Numbers:
    """What a unit is worth to every place (n) that is short of everything, money: its dearest first unit."""
    dearest = np.zeros(places)
    np.maximum.at(dearest, curves.place, curves.shortage_cost + floor_prices(curves))
    return dearest
