"""Other ways of sharing the same stock, which the plan is held against.

Each takes the claims and gives the units (n, k) that segments would hold; nobody holds more than is
wanted. Loans are left out on all sides: what lies in the common pool is nobody's.
"""

from __future__ import annotations

import numpy as np

from optimization.allocation.optimal.claims import Claims
from optimization.allocation.optimal.closed_form import common_level
from optimization.allocation.optimal.pools import Flags, Numbers
from optimization.allocation.optimal.rounding import largest_remainder


def highest_value(claims: Claims, margin: Numbers) -> Numbers:
    """The same open orders, guarantees, caps and tiers; within a tier the highest margin first.

    `margin` (n, k): money per unit; ties go to the segment that comes first. No plan with the same
    tiers is worth more, so the difference is the price of fairness.
    """
    pools = claims.quotas
    units = pools.guaranteed.copy()
    left = np.maximum(pools.supply - units.sum(axis=1), 0.0)
    for tier in np.unique(pools.tier):
        members = np.flatnonzero(pools.tier == tier)
        order = np.argsort(-margin[:, members], axis=1, kind="stable")
        room = np.take_along_axis((pools.most - pools.guaranteed)[:, members], order, axis=1)
        before = np.cumsum(room, axis=1) - room
        given = np.minimum(np.maximum(left[:, None] - before, 0.0), room)
        more = np.empty_like(given)
        np.put_along_axis(more, order, given, axis=1)
        units[:, members] += more
        left = np.maximum(left - given.sum(axis=1), 0.0)
    return units


def first_come(claims: Claims) -> Numbers:
    """No segments at all: wishes arrive mixed, so that each segment's part is as its part of the demand."""
    pools = claims.quotas
    served = np.minimum(pools.supply, pools.demand.sum(axis=1))
    return proportional(served, pools.demand, pools.is_whole)


def turn_and_earn(claims: Claims, recent: Numbers) -> Numbers:
    """Stock in proportion to the requests of the window of history, `recent` (n, k), in units.

    What a segment earns beyond its demand stays in the pool, and who asked for nothing earns nothing.
    """
    pools = claims.quotas
    return np.minimum(proportional(pools.supply, recent, pools.is_whole), pools.demand)


def balanced_days(claims: Claims, recent: Numbers) -> Numbers:
    """The next unit to the segment with the least days of supply, until its demand is met.

    Days of supply are units per `recent` (n, k) requests in the window; ties go to the segment that
    comes first; who asked for nothing in the window has supply for ever.

    Unit by unit, segment s gets its j-th at level (j - 1) / rate. None is given above the common level of
    the divided shares, so these, rounded up, are too many by less than a unit per segment, and the units
    at the highest levels are taken back.
    """
    pools = claims.quotas
    high = np.where(recent > 0, pools.demand, 0.0)
    total = np.minimum(pools.supply, high.sum(axis=1))
    exact = common_level(np.zeros_like(high), high, recent, total)
    units = np.minimum(np.ceil(exact - 1e-9), high)
    rate = np.where(recent > 0, recent, 1.0)
    row = np.arange(len(units))
    for _ in range(units.shape[1] - 1):
        level = np.where(units > 0, (units - 1.0) / rate, -1.0)
        # The last of the highest, so that ties stay with the first.
        highest = units.shape[1] - 1 - np.argmax(level[:, ::-1], axis=1)
        units[row, highest] -= units.sum(axis=1) > total + 1e-9
    return np.where(pools.is_whole[:, None], units, exact)


def proportional(total: Numbers, weight: Numbers, is_whole: Flags) -> Numbers:
    """Split `total` (n) by `weight` (n, k), whole units by largest remainder; nothing without weight.

    >>> proportional(np.array([9.0]), np.array([[8.0, 4.0]]), np.array([True])).tolist()
    [[6.0, 3.0]]
    """
    all_weight = weight.sum(axis=1)
    share = np.where(all_weight > 0, total, 0.0) / np.where(all_weight > 0, all_weight, 1.0)
    exact = weight * share[:, None]
    return np.where(is_whole[:, None], largest_remainder(exact), exact)
