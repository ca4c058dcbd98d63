"""What a plan is worth on every level, counted from the orders: no matrix and no solver in it."""

from __future__ import annotations

import numpy as np

from optimization.build_to_order.slots.costs import level_cost
from optimization.build_to_order.slots.problem import NONE, Integers, SlotProblem, by_week_row, load

COUNTED = ("promises", "promise_days", "lateness", "moves", "earliness")


def objective_vector(problem: SlotProblem, bucket: Integers, frozen_only: bool = False) -> dict[str, float]:
    """Value of each level for the plan `bucket` (n), -1 for no slot.

    Slots on top are paid, the cheapest first, for what the bucket holds beyond its slots, as far as it
    is not its frozen orders that are too many. `frozen_only`: of the orders that keep a frozen week,
    without what minima lack.
    """
    orders, buckets = problem.orders, problem.buckets
    at = np.where(bucket < 0, len(buckets), bucket)
    counted = orders.fixed != NONE if frozen_only else np.ones(len(orders), dtype=np.bool_)
    rows = np.arange(len(orders))[counted]
    value = {name: float(level_cost(problem, name)[rows, at[rows]].sum()) for name in COUNTED}
    if frozen_only:
        return value
    used, by_option = load(problem, bucket)
    value["moves"] += float(expedite_cost(problem, bucket).sum())
    short = np.maximum(buckets.minimum - used, 0.0).sum()
    least = by_week_row(buckets, buckets.least) if len(buckets) else np.zeros_like(by_option)
    short += np.maximum(least - by_option, 0.0).sum()
    value["earliness"] += float(short) * problem.horizon_days
    return value


def expedite_cost(problem: SlotProblem, bucket: Integers) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Money for slots on top by bucket (b): the cheapest units of what goes beyond the slots."""
    used, _ = load(problem, bucket)
    over = np.maximum(used - problem.buckets.capacity, 0.0)
    cost = np.zeros(len(problem.buckets))
    extra = problem.expedites
    for at, units, price in zip(
        extra.bucket.tolist(), extra.units.tolist(), extra.cost.tolist(), strict=True
    ):
        taken = min(units, over[at])
        over[at] -= taken
        cost[at] += taken * price
    return cost
