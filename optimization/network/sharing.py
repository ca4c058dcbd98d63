"""How several curves of a place share its units at least cost, for many places at once.

Each unit goes to the curve whose next unit costs least, units below a floor first by their price, ties
to the earlier curve. Places take their next unit together, and the cost of a count's next unit goes on
from the one before; large positions are first brought near in steps of many units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from optimization.demand.distributions import cdf, vmr_of
from optimization.network.curve_costs import curve_cost, curve_marginal, floor_prices
from optimization.network.problem import COUNT, Curves, Integers, Numbers

# Curves looked at together: bounds the memory, and keeps it near the processor.
_CURVES_AT_ONCE = 120_000
# So many units are handed out one by one; more are first brought near.
_ONE_BY_ONE = 400
# pmf(0) below e^−650 would underflow, and no recursion could start there.
_LEAST_LOG_FIRST = 650.0


def shared_units(
    curves: Curves, start: Integers, number: Integers, position: Numbers
) -> tuple[Numbers, Numbers]:
    """Units of every curve (c) and what the curves of each pool cost with them (p), money.

    `start`, `number`, `position` (p): first curve, number of curves and whole units of the pools to
    share; curves of no such pool get 0. Units below 0 or beyond all caps are given to no curve, and
    missed floors are not in the cost.
    """
    units, cost = np.zeros(len(curves)), np.zeros(len(start))
    # Pools of like size end together.
    order = np.argsort(-position, kind="stable")
    part = np.cumsum(number[order]) // _CURVES_AT_ONCE
    for pools in np.split(order, np.flatnonzero(np.diff(part)) + 1):
        nth = np.arange(number[pools].max(initial=1))[:, None]
        at = np.where(nth < number[pools], start[pools] + nth, -1)
        own = at[at >= 0]
        inside = np.full(at.shape, -1)
        inside[at >= 0] = np.arange(len(own))
        units[own], cost[pools] = _shared(curves.take(own), inside, position[pools])
    return units, cost


def _shared(curves: Curves, at: Integers, position: Numbers) -> tuple[Numbers, Numbers]:
    """The same for the curves `at` (k × p) of some pools, −1 where a pool has fewer."""
    pools = np.arange(at.shape[1])
    place = np.zeros(len(curves), dtype=np.int64)
    place[at[at >= 0]] = np.broadcast_to(pools, at.shape)[at >= 0]
    room = np.minimum(np.floor(curves.cap), np.maximum(position, 0.0)[place])
    left = np.minimum(np.floor(np.maximum(position, 0.0)), np.bincount(place, room, len(pools)))
    price = floor_prices(curves)
    given = _brought_near(curves, at, place, price, room, left)
    left = left - np.bincount(place, given, len(pools))
    cost = np.bincount(place, curve_cost(curves, given), len(pools)).astype(np.float64)
    running = _Running.at(curves, given)
    full = np.where(room > given, running.marginal - price * np.clip(curves.floor - given, 0.0, 1.0), np.inf)
    order = np.argsort(-left, kind="stable")
    going = np.searchsorted(-left[order], -np.arange(1.0, left.max(initial=0.0) + 1.0), side="right")
    at = np.ascontiguousarray(at[:, order])
    ahead = np.where(at >= 0, full[at], np.inf)
    spent = np.zeros(len(pools))
    for count in going.tolist():
        curve = _cheapest(ahead[:, :count])
        chosen = at[curve, pools[:count]]
        spent[:count] += running.marginal[chosen]
        given[chosen] += 1.0
        units = given[chosen]
        after = running.advance(chosen, units)
        after -= price[chosen] * np.clip(curves.floor[chosen] - units, 0.0, 1.0)
        ahead[curve, pools[:count]] = np.where(room[chosen] > units, after, np.inf)
    cost[order] += spent
    return given, cost


def _cheapest(ahead: Numbers) -> Integers:
    """Row of the least entry of every column, the first of equals."""
    least, row = ahead[0].copy(), np.zeros(ahead.shape[1], dtype=np.int64)
    for k in range(1, len(ahead)):
        lower = ahead[k] < least
        row[lower] = k
        np.minimum(least, ahead[k], out=least)
    return row


def _brought_near(
    curves: Curves, at: Integers, place: Integers, price: Numbers, room: Numbers, units: Numbers
) -> Numbers:
    """Units (c) that every curve gets for sure, all but a few of a pool with many units.

    What a curve has after units are handed out s at a time, less s, is no more than its share.
    Source: Hochbaum (1994), Lower and upper bounds for the allocation problem.
    """
    given = np.zeros(len(curves))
    large = units > _ONE_BY_ONE
    large[place[_log_first(curves) > _LEAST_LOG_FIRST]] = True
    many = np.maximum((at >= 0).sum(axis=0), 1)
    step = np.where(large, 2.0 ** np.floor(np.log2(np.maximum(units / (2.0 * many), 1.0))), 1.0)

    def next_unit(chosen: Integers) -> Numbers:
        own, x = curves.take(chosen), given[chosen]
        below_floor = price[chosen] * np.clip(own.floor - x, 0.0, 1.0)
        return np.where(room[chosen] > x, _marginal(own, x) - below_floor, np.inf)

    while (step > 1.0).any():
        active = np.flatnonzero(step > 1.0)
        own = at[:, active]
        owned = own[own >= 0]
        least = given[owned].copy()
        left = units[active] - np.where(own >= 0, given[own], 0.0).sum(axis=0)
        ahead = np.full(own.shape, np.inf)
        ahead[own >= 0] = next_unit(owned)
        going = np.flatnonzero(left > 0)
        while len(going):
            curve = _cheapest(ahead[:, going])
            chosen = own[curve, going]
            more = np.minimum(np.minimum(step[active[going]], left[going]), room[chosen] - given[chosen])
            given[chosen] += more
            left[going] -= more
            ahead[curve, going] = next_unit(chosen)
            going = going[left[going] > 0]
        given[owned] = np.maximum(given[owned] - step[place[owned]], least)
        step[active] *= 0.5
    return given


def _marginal(curves: Curves, x: Numbers) -> Numbers:
    """G(x+1) − G(x) per curve, of counts (h + b)·P(D ≤ x) − b."""
    result = np.empty(len(curves))
    count = np.flatnonzero(curves.kind == COUNT)
    other = np.flatnonzero(curves.kind != COUNT)
    share = cdf(x[count], curves.mean[count], curves.variance[count])
    h, b = curves.holding_cost[count], curves.shortage_cost[count]
    result[count] = (h + b) * share - b
    if len(other):
        result[other] = curve_marginal(curves.take(other), x[other])
    return result


def _log_first(curves: Curves) -> Numbers:
    """−ln P(D = 0) of counts, 0 of others."""
    ratio = vmr_of(curves.mean, curves.variance)
    over = np.where(ratio > 1.0, ratio - 1.0, 1.0)
    log_first = np.where(ratio > 1.0, curves.mean / over * np.log(ratio), curves.mean)
    return np.where(curves.kind == COUNT, np.maximum(log_first, 0.0), 0.0)


@dataclass
class _Running:
    """Marginals of the next unit of every curve (c); of counts with their mass and cdf there.

    pmf(x+1) = pmf(x)·(s·x + t)/(x+1) with s = 1 − 1/v and t = μ/v, v the variance-to-mean ratio.
    """

    curves: Curves
    marginal: Numbers
    mass: Numbers
    share: Numbers
    slope: Numbers
    start: Numbers
    both: Numbers
    is_other: bool

    @classmethod
    def at(cls, curves: Curves, x: Numbers) -> _Running:
        """At x units of every curve."""
        ratio = vmr_of(curves.mean, curves.variance)
        mass = np.exp(-_log_first(curves))
        share, marginal = mass.copy(), np.empty(len(curves))
        far = np.flatnonzero((x > 0) & (curves.kind == COUNT))
        if len(far):
            mean, variance = curves.mean[far], curves.variance[far]
            mass[far], share[far] = _mass(x[far], mean, ratio[far]), cdf(x[far], mean, variance)
        both = curves.holding_cost + curves.shortage_cost
        marginal = both * share - curves.shortage_cost
        other = np.flatnonzero(curves.kind != COUNT)
        if len(other):
            marginal[other] = curve_marginal(curves.take(other), x[other])
        slope, start = 1.0 - 1.0 / ratio, curves.mean / ratio
        return cls(curves, marginal, mass, share, slope, start, both, len(other) > 0)

    def advance(self, chosen: Integers, x: Numbers) -> Numbers:
        """Marginals of these curves at x units, one more than before."""
        mass = self.mass[chosen] * (self.slope[chosen] * (x - 1.0) + self.start[chosen]) / x
        share = np.minimum(self.share[chosen] + mass, 1.0)
        self.mass[chosen], self.share[chosen] = mass, share
        marginal = self.both[chosen] * share - self.curves.shortage_cost[chosen]
        if self.is_other:
            other = np.flatnonzero(self.curves.kind[chosen] != COUNT)
            marginal[other] = curve_marginal(self.curves.take(chosen[other]), x[other])
        self.marginal[chosen] = marginal
        return np.asarray(marginal)


def _mass(x: Numbers, mean: Numbers, ratio: Numbers) -> Numbers:
    """P(D = x) from its logarithm."""
    mean, log_factorial = np.maximum(mean, 1e-300), special.gammaln(x + 1.0)
    poisson = x * np.log(mean) - mean
    over = np.where(ratio > 1.0, ratio - 1.0, 1.0)
    r = mean / over
    binomial = special.gammaln(x + r) - special.gammaln(r) - r * np.log(ratio) + x * np.log(over / ratio)
    return np.asarray(np.exp(np.where(ratio > 1.0, binomial, poisson) - log_factorial))
