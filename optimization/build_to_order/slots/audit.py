"""A plan against its problem, by counting: nothing of the models' matrices is used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.build_to_order.slots.problem import (
    NONE,
    Integers,
    SlotProblem,
    by_week_row,
    expedite_units,
    load,
)


@dataclass(frozen=True)
class Audit:
    """What was found: each breach as a line, worst first by kind; `worst` in units."""

    breaches: tuple[str, ...]
    worst: float

    @property
    def is_passed(self) -> bool:
        """Whether the plan keeps every rule."""
        return not self.breaches


def audited(problem: SlotProblem, bucket: Integers) -> Audit:
    """Check `bucket` (n), -1 for no slot.

    Every order has one bucket or none, its plant's, not before it is ready, a frozen one only where it
    may; frozen orders are where they were; slots with those on top, and the limits of options, are kept
    unless frozen orders alone are more. (That an order has two weeks cannot be stated in this form.)
    """
    orders, buckets = problem.orders, problem.buckets
    placed = np.flatnonzero(bucket >= 0)
    at = bucket[placed]
    if len(bucket) != len(orders) or (at >= len(buckets)).any():
        return Audit(("a bucket that does not exist, or not one entry for each order",), np.inf)
    is_fixed = orders.fixed != NONE
    free = ~is_fixed[placed]
    wrong = {
        "orders are not where they are frozen": is_fixed & (bucket != orders.fixed),
        "orders are at another plant": free
        & (orders.plant[placed] != NONE)
        & (orders.plant[placed] != buckets.plant[at]),
        "orders are built before they are ready": free & (buckets.week_day[at] < orders.ready_day[placed]),
        "orders entered a frozen week": free & buckets.is_frozen[at] & ~orders.is_scheduled[placed],
    }
    found = [f"{int(rows.sum())} {what}" for what, rows in wrong.items() if rows.any()]
    worst = 1.0 if found else 0.0
    used, by_option = load(problem, bucket)
    frozen, frozen_option = load(problem, bucket, np.flatnonzero(is_fixed))
    over = used - np.maximum(buckets.capacity + expedite_units(problem), frozen)
    limits = by_week_row(buckets, buckets.limits) if len(buckets) else np.zeros_like(by_option)
    over_option = by_option - np.maximum(limits, frozen_option)
    for what, amount in (
        ("weeks hold more than they can", over),
        ("limits of options are passed", over_option),
    ):
        if (amount > 0).any():
            found.append(f"{int((amount > 0).sum())} {what}")
            worst = max(worst, float(amount.max()))
    return Audit(tuple(found), worst)
