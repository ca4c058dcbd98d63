"""Orders that wait to be built and the weeks they can be built in, as arrays.

Lines of a plant differ in nothing that an order sees, so that their slots of a week are one bucket;
a bucket with frozen slots stands apart. Days are numbers since 1970-01-01. Row `len(buckets)` of
every table by bucket means "no slot".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NONE = -1
NO_DATE = 4_000_000
"""A day after all others: what is due then is never late."""


@dataclass(frozen=True)
class Buckets:
    """Slots of a plant and week (b), sorted by plant and week, frozen ones first.

    plant: index; week_day: Monday as a day number; capacity, minimum: units; is_frozen. `limits` (b, k):
    most orders with option k in the plant and week, infinite where none is stated; `least` likewise.
    Buckets of one plant and week share `limits`, by `week_row`: row of the plant and week.
    """

    plant: Integers
    week_day: Integers
    capacity: Numbers
    minimum: Numbers
    is_frozen: Flags
    week_row: Integers
    limits: Numbers
    least: Numbers

    def __len__(self) -> int:
        return len(self.plant)

    @property
    def end_day(self) -> Integers:
        """Last day of the week: an order is taken as built then."""
        return self.week_day + 6


@dataclass(frozen=True)
class Expedites:
    """Slots on top (e): their bucket, units, and money per unit; cheapest first within a bucket."""

    bucket: Integers
    units: Numbers
    cost: Numbers


@dataclass(frozen=True)
class Orders:
    """Orders that may get a slot (n), by priority, order date and id.

    order_id; plant: index or -1 for any; ready_day: no week before it; due_day: last day of building that
    keeps the promise, `NO_DATE` without one; is_confirmed: the promise is one, not a wish; weight;
    is_scheduled: may enter a frozen week; previous_plant, previous_day: what it had, -1 if nothing that
    still lies ahead; fixed: bucket that it keeps, or -1; options (n, k): which limited options it has.
    """

    order_id: npt.NDArray[np.object_]
    plant: Integers
    ready_day: Integers
    due_day: Integers
    is_confirmed: Flags
    weight: Numbers
    is_scheduled: Flags
    previous_plant: Integers
    previous_day: Integers
    fixed: Integers
    options: Flags

    def __len__(self) -> int:
        return len(self.order_id)

    def take(self, rows: Integers) -> Orders:
        """The orders of these rows, in their order."""
        return Orders(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


@dataclass(frozen=True)
class SlotProblem:
    """All of it, with the prices: move_cost per week moved, lateness_cost per weighted day.

    plants, options: names of the indices. margin_days: so long before its due day an order is best built.
    """

    buckets: Buckets
    expedites: Expedites
    orders: Orders
    plants: tuple[str, ...]
    options: tuple[str, ...]
    move_cost: float
    lateness_cost: float
    margin_days: float = 0.0

    @property
    def horizon_days(self) -> int:
        """Days from the first Monday to the end of the last week; 7 without any bucket."""
        days = self.buckets.week_day
        return int(days.max() - days.min()) + 7 if len(days) else 7


def load(problem: SlotProblem, bucket: Integers, rows: Integers | None = None) -> tuple[Numbers, Numbers]:
    """Orders by bucket (b), and by row of plant and week and option (r, k), of orders in `bucket` (n).

    -1 and `len(buckets)` are no slot. `rows`: only these orders count.
    """
    buckets, orders = problem.buckets, problem.orders
    counted = np.arange(len(orders)) if rows is None else rows
    at = bucket[counted]
    counted = counted[(at >= 0) & (at < len(buckets))]
    at = bucket[counted]
    used = np.bincount(at, minlength=len(buckets)).astype(np.float64)
    by_option = np.zeros((_row_count(buckets), orders.options.shape[1]))
    np.add.at(by_option, buckets.week_row[at], orders.options[counted].astype(np.float64))
    return used, by_option


def by_week_row(buckets: Buckets, values: Numbers) -> Numbers:
    """Values by bucket and option (b, k) as values by row of plant and week and option (r, k)."""
    out = np.full((_row_count(buckets), values.shape[1]), np.inf)
    out[buckets.week_row] = values
    return out


def expedite_units(problem: SlotProblem) -> Numbers:
    """Slots on top by bucket (b)."""
    extra = problem.expedites
    return np.bincount(extra.bucket, weights=extra.units, minlength=len(problem.buckets)).astype(np.float64)


def _row_count(buckets: Buckets) -> int:
    return int(buckets.week_row.max()) + 1 if len(buckets) else 0
