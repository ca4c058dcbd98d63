"""Small slot problems for tests: drawn from a seed, or stated as due days, weights and slots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimization.build_to_order.slots.problem import NO_DATE, NONE, Buckets, Expedites, Orders, SlotProblem

MONDAY = 19_482


def drawn(seed: int, count: int = 5, weeks: int = 3, plants: int = 1, options: int = 2) -> SlotProblem:
    """A problem of `count` orders in which every rule plays a part sooner or later."""
    rng = np.random.default_rng(seed)
    size = plants * weeks
    plant, week = np.repeat(np.arange(plants), weeks), np.tile(np.arange(weeks), plants)
    limits = np.where(rng.random((size, options)) < 0.6, rng.integers(0, 3, (size, options)), np.inf)
    buckets = Buckets(
        plant=plant,
        week_day=MONDAY + 7 * week,
        capacity=rng.integers(0, 3, size).astype(np.float64),
        minimum=rng.integers(0, 2, size).astype(np.float64),
        is_frozen=(week == 0) & (rng.random(size) < 0.5),
        week_row=np.arange(size),
        limits=limits,
        least=(rng.random((size, options)) < 0.2).astype(np.float64),
    )
    extra = np.flatnonzero((rng.random(size) < 0.4) & ~buckets.is_frozen)
    has_date = rng.random(count) < 0.85
    had = rng.random(count) < 0.5
    previous_week, previous_plant = rng.integers(0, weeks, count), rng.integers(0, plants, count)
    at = previous_plant * weeks + previous_week
    orders = Orders(
        order_id=np.array([f"O{row}" for row in range(count)], dtype=object),
        plant=np.where(rng.random(count) < 0.5, rng.integers(0, plants, count), NONE),
        ready_day=MONDAY + 7 * rng.integers(0, 2, count),
        due_day=np.where(has_date, MONDAY + rng.integers(-3, 7 * weeks + 5, count), NO_DATE),
        is_confirmed=has_date & (rng.random(count) < 0.6),
        weight=rng.choice([0.0, 1.0, 2.5, 4.0], count),
        is_scheduled=rng.random(count) < 0.3,
        previous_plant=np.where(had, previous_plant, NONE),
        previous_day=np.where(had, MONDAY + 7 * previous_week, NONE),
        fixed=np.where(had & buckets.is_frozen[at], at, NONE),
        options=rng.random((count, options)) < 0.5,
    )
    expedites = Expedites(
        extra, np.ones(len(extra)), rng.choice([100.0, 300.0], len(extra)).astype(np.float64)
    )
    names = tuple(f"X{at}" for at in range(options))
    return SlotProblem(buckets, expedites, orders, tuple("PQR"[:plants]), names, 50.0, 40.0)


def single_slots(due: Sequence[int], weight: Sequence[float], slots: Sequence[int]) -> SlotProblem:
    """Unconfirmed orders due in weeks 1, 2, …, and weeks with so many slots each."""
    weeks, count = len(slots), len(due)
    none = np.full(count, NONE, dtype=np.int64)
    buckets = Buckets(
        plant=np.zeros(weeks, dtype=np.int64),
        week_day=MONDAY + 7 * np.arange(weeks),
        capacity=np.array(slots, dtype=np.float64),
        minimum=np.zeros(weeks),
        is_frozen=np.zeros(weeks, dtype=np.bool_),
        week_row=np.arange(weeks),
        limits=np.empty((weeks, 0)),
        least=np.empty((weeks, 0)),
    )
    orders = Orders(
        order_id=np.array([f"O{row}" for row in range(count)], dtype=object),
        plant=none,
        ready_day=np.full(count, MONDAY),
        due_day=MONDAY + 7 * np.array(due, dtype=np.int64) - 1,
        is_confirmed=np.zeros(count, dtype=np.bool_),
        weight=np.array(weight, dtype=np.float64),
        is_scheduled=np.zeros(count, dtype=np.bool_),
        previous_plant=none,
        previous_day=none,
        fixed=none,
        options=np.empty((count, 0), dtype=np.bool_),
    )
    empty = np.empty(0)
    return SlotProblem(
        buckets, Expedites(empty.astype(np.int64), empty, empty), orders, ("P",), (), 50.0, 40.0
    )
