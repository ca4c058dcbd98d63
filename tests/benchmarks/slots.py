"""Slots of many orders: `python -m tests.benchmarks.slots [ORDERS] [WEEKS]`.

Orders of two plants with two lines each, options of which some are scarce, three weights, a plan of the
day before for most, and promises that some of them cannot keep. Prints size, seconds, value, bound and
gap by level; a small problem by default.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from optimization.build_to_order.slots.costs import allowed
from optimization.build_to_order.slots.engine import solve_slots
from optimization.build_to_order.slots.problem import (
    NO_DATE,
    NONE,
    Buckets,
    Expedites,
    Orders,
    SlotProblem,
)

PLANTS = 2
MONDAY = 19_482
OPTION_SHARES = (0.30, 0.20, 0.12, 0.08, 0.05, 0.03)


def orders_and_weeks(count: int, weeks: int, seed: int = 1, tightness: float = 0.97) -> SlotProblem:
    """`count` orders, `weeks` weeks at each of two plants; `tightness`: orders per slot."""
    rng = np.random.default_rng(seed)
    k = len(OPTION_SHARES)
    capacity = int(np.ceil(count / (PLANTS * weeks * tightness)))
    plant = np.repeat(np.arange(PLANTS), weeks)
    week = np.tile(np.arange(weeks), PLANTS)
    share = np.array(OPTION_SHARES)
    limits = np.ceil(capacity * share * rng.uniform(0.85, 1.25, (PLANTS * weeks, k)))
    buckets = Buckets(
        plant=plant.astype(np.int64),
        week_day=MONDAY + 7 * week,
        capacity=np.full(PLANTS * weeks, float(capacity)),
        minimum=np.full(PLANTS * weeks, np.floor(0.8 * capacity)),
        is_frozen=week < 2,
        week_row=np.arange(PLANTS * weeks),
        limits=limits,
        least=np.zeros_like(limits),
    )
    extra = np.flatnonzero(week % 4 == 2)
    expedites = Expedites(
        extra, np.full(len(extra), float(max(1, capacity // 20))), np.full(len(extra), 900.0)
    )
    due_week = rng.integers(1, weeks + 4, count)
    due = MONDAY + 7 * due_week + rng.integers(0, 7, count) - 1
    has_promise = rng.random(count) < 0.9
    previous = np.where(
        rng.random(count) < 0.6, np.clip(due_week - rng.integers(0, 3, count), 2, weeks - 1), -1
    )
    own_plant = rng.integers(0, PLANTS, count)
    orders = Orders(
        order_id=np.array([f"O{at:06d}" for at in range(count)], dtype=object),
        plant=np.where(rng.random(count) < 0.7, own_plant, NONE),
        ready_day=MONDAY + 7 * np.where(rng.random(count) < 0.3, rng.integers(0, 8, count), 0),
        due_day=np.where(has_promise, due, NO_DATE),
        is_confirmed=has_promise & (rng.random(count) < 0.7),
        weight=rng.choice([1.0, 2.0, 5.0], count, p=[0.7, 0.2, 0.1]),
        is_scheduled=rng.random(count) < 0.05,
        previous_plant=np.where(previous >= 0, own_plant, NONE),
        previous_day=np.where(previous >= 0, MONDAY + 7 * previous, NONE),
        fixed=np.full(count, NONE, dtype=np.int64),
        options=rng.random((count, k)) < share,
    )
    return SlotProblem(
        buckets, expedites, orders, tuple("PQ"), tuple(f"X{at}" for at in range(k)), 50.0, 40.0
    )


def main(arguments: list[str]) -> int:
    """Solve one problem and print what it took."""
    count, weeks = (int(arguments[at]) if len(arguments) > at else size for at, size in ((0, 600), (1, 20)))
    problem = orders_and_weeks(count, weeks)
    began, cpu = time.perf_counter(), time.process_time()
    solved = solve_slots(problem, 0.001, 2_000)
    print(f"{count} orders, {len(problem.buckets)} plant-weeks, pairs {int(allowed(problem).sum())}")
    print(f"wall {time.perf_counter() - began:.1f} s, CPU {time.process_time() - cpu:.1f} s")
    for end in solved.ends:
        gap = (end.value - end.bound) / max(abs(end.value), 1e-9)
        print(f"{end.level:14s} value {end.value:14.2f} bound {end.bound:14.2f} gap {gap:.5%}"
              f" rows {end.row_count} columns {end.column_count}")  # fmt: skip
    print("without a slot", int(np.sum(solved.bucket < 0)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
