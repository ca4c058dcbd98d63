"""Where one more order fits beside a plan: everybody who has a slot keeps it.

A slot is left in a week when its capacity and the limits of all the order's options allow one more.
Later orders hold the later weeks, so that no look ahead is needed: a slot taken now takes nothing from
another week (for stock the suffix minimum does that, as supply carries over; a week's slot does not).
"""

from __future__ import annotations

import numpy as np

from optimization.build_to_order.slots.assembly import Room
from optimization.build_to_order.slots.costs import allowed
from optimization.build_to_order.slots.problem import Flags, Integers, Numbers, Orders, SlotProblem


def open_buckets(problem: SlotProblem, orders: Orders, room: Room, with_extra: bool = False) -> Flags:
    """Buckets that could take one more of each order (n, b), alone; `with_extra`: also on top."""
    buckets, b = problem.buckets, len(problem.buckets)
    capacity = room.capacity.copy()
    if with_extra:
        capacity += np.bincount(problem.expedites.bucket, weights=room.extra, minlength=b)
    full = room.limits[buckets.week_row] < 1.0
    blocked = orders.options.astype(np.float64) @ full.T.astype(np.float64) > 0
    return allowed(problem, orders)[:, :b] & (capacity >= 1.0) & ~blocked


def best_open(cost: Numbers, is_open: Flags) -> Integers:
    """Cheapest open bucket by row, the first among equals, -1 where none is open.

    >>> best_open(np.array([[3.0, 1.0, 1.0]]), np.array([[True, True, True]])).tolist()
    [1]
    """
    if not cost.shape[1]:
        return np.full(len(cost), -1, dtype=np.int64)
    priced = np.where(is_open, cost, np.inf)
    best = priced.argmin(axis=1)
    return np.where(is_open.any(axis=1), best, -1).astype(np.int64)
