"""The independent audit of a network plan: feasibility and cost from the source data alone.

Nothing here uses the model, its curves in pieces or the incomplete beta function: expected costs
are summed from the probability masses of `scipy.stats`.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from optimization.network.items import Moves, Numbers, Places


def position_after(places: Places, moves: Moves, moved: Numbers, ordered: Numbers) -> Numbers:
    """Position of every place after transfers and orders, units."""
    n = len(places)
    received = np.bincount(moves.target, weights=moved, minlength=n)
    given = np.bincount(moves.source, weights=moved, minlength=n)
    return np.asarray(places.position + received - given + ordered)


def plan_breach(places: Places, moves: Moves, moved: Numbers, ordered: Numbers) -> float:
    """Worst breach of conservation, spare stock, wholeness, lots, minimum or cover, in units."""
    n = len(places)
    after = position_after(places, moves, moved, ordered)
    given = np.bincount(moves.source, weights=moved, minlength=n)
    ordering = ordered > 0
    lots = ordered[ordering] / places.lot[ordering]
    breaches = (
        np.abs([after.sum() - places.position.sum() - ordered.sum()]),
        given - places.spare,
        -moved,
        -ordered,
        np.abs(moved - np.round(moved)),
        np.abs(lots - np.round(lots)) * places.lot[ordering],
        places.moq[ordering] - ordered[ordering],
        np.where(places.need > 0, places.level - after, 0.0),
        np.where(places.need > 0, 0.0, ordered),
        np.where(places.is_planned, 0.0, np.abs(after - places.position)),
        np.where(places.item[moves.source] == places.item[moves.target], 0.0, moved),
    )
    scale = max(1.0, float(np.abs(places.position).sum()) * 1e-6)
    return max(float(np.max(breach, initial=0.0)) for breach in breaches) / scale


def plan_cost(places: Places, moves: Moves, moved: Numbers, ordered: Numbers, factor: float) -> float:
    """True expected cost of a plan, money: holding and shortage, lead-time shortage, moves.

    An order costs nothing here: a move changes who orders when, not how many orders there will be.
    """
    after = position_after(places, moves, moved, ordered)
    arrived = places.position + np.bincount(moves.target, weights=moved, minlength=len(places))
    short = shortage_by_mass(after, places.mean, places.variance)
    near = shortage_by_mass(arrived, places.near_mean, places.near_variance)
    held = np.maximum(after - places.mean + short, 0.0)
    stock = places.holding_cost @ held + places.shortage_cost @ (short + np.where(places.need > 0, near, 0.0))
    lanes = moves.unit_cost @ moved + moves.fixed_cost @ (moved > 0)
    return float(stock + factor * lanes)


def shortage_by_mass(position: Numbers, mean: Numbers, variance: Numbers) -> Numbers:
    """E(D − y)+ = μ − y + Σ_{k<y} F(k), linear between whole y, F summed from probability masses.

    >>> shortage_by_mass(np.array([1.0]), np.array([1.0]), np.array([1.0])).round(6).tolist()
    [0.367879]
    """
    result = np.maximum(mean - position, 0.0)
    rows = np.flatnonzero((mean > 0) & (position > 0))
    mu, y = mean[rows], position[rows]
    # Beyond forty deviations F is 1 to the last digit.
    last = np.minimum(np.ceil(y), np.ceil(mu + 40.0 * np.sqrt(variance[rows]) + 40.0)).astype(np.int64)
    start = np.cumsum(last) - last
    owner = np.repeat(np.arange(len(rows)), last)
    k = (np.arange(len(owner)) - start[owner]).astype(np.float64)
    ratio = np.where(variance[rows] > 1.05 * mu, variance[rows] / np.maximum(mu, 1e-300), 1.0)
    r = mu / np.maximum(ratio - 1.0, 1e-12)
    spread = ratio[owner] > 1.0
    mass = np.where(
        spread,
        stats.nbinom.pmf(k, r[owner], 1.0 / ratio[owner]),
        stats.poisson.pmf(k, mu[owner]),
    )
    running = np.cumsum(mass)
    before = np.where(start > 0, running[np.maximum(start - 1, 0)], 0.0)
    below = running - before[owner]
    share = np.minimum(y[owner] - k, 1.0)
    summed = np.bincount(owner, weights=share * below, minlength=len(rows)) + np.maximum(y - last, 0.0)
    result[rows] = np.maximum(mu - y + summed, 0.0)
    return result
