"""A minimum over a whole order: which lines are topped up to reach it, by marginal value.

It comes after the network's plan: the model knows the minimum of a line only.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.demand.distributions import expected_shortage
from optimization.network.costs import position_after, row_use
from optimization.network.problem import Numbers, Plan, Problem
from optimization.network.stating.statement import StatedProblem


@dataclass(frozen=True)
class Lines:
    """Order lines that share a minimum, one value per line.

    `ordered` units so far; `position` before the order, `mean` and `variance` of demand over the
    protection interval, units; `unit_cost`; `lot` units by which a line grows; `most`: the position at
    which it stops; `counted`: what a unit counts towards the minimum (1, or its cost).
    """

    ordered: Numbers
    position: Numbers
    mean: Numbers
    variance: Numbers
    unit_cost: Numbers
    lot: Numbers
    most: Numbers
    counted: Numbers


def top_up(lines: Lines, minimum: float) -> Numbers:
    """Units per line so that the order reaches its minimum; never less than asked.

    Each step adds one lot to the line where it avoids the most expected shortage per money:
    [n(y) − n(y + lot)]/(lot·c), y the position after the order. When no line may grow, the order stays
    below the minimum. An order of nothing stays nothing. Ties go to the earlier line. So the minimum is
    reached by value, not by rounding each line.

    >>> two, five = np.ones(2), np.full(2, 5.0)
    >>> top_up(Lines(np.array([10.0, 0.0]), np.array([2.0, 6.0]), np.array([10.0, 8.0]),
    ...     np.array([10.0, 8.0]), five, two, 40 * two, counted=five), minimum=75.0).tolist()
    [11.0, 4.0]
    """
    units = lines.ordered.astype(np.float64).copy()
    reached = float(units @ lines.counted)
    if reached <= 0 or reached >= minimum:
        return units

    def gain(line: int) -> float:
        here = np.array([lines.position[line] + units[line]])
        one = np.array([lines.mean[line]]), np.array([lines.variance[line]])
        avoided = expected_shortage(here, *one) - expected_shortage(here + lines.lot[line], *one)
        return float(avoided[0]) / max(float(lines.lot[line] * lines.unit_cost[line]), 1e-12)

    def may_grow(line: int) -> bool:
        after = lines.position[line] + units[line] + lines.lot[line]
        return bool(lines.counted[line] > 0 and after <= lines.most[line] + 1e-9)

    queue = [(-gain(line), line) for line in range(len(units)) if may_grow(line)]
    heapq.heapify(queue)
    while queue and reached < minimum - 1e-9:
        _, line = heapq.heappop(queue)
        units[line] += lines.lot[line]
        reached += float(lines.lot[line] * lines.counted[line])
        if may_grow(line):
            heapq.heappush(queue, (-gain(line), line))
    return units


def with_minimums_met(
    stated: StatedProblem,
    problem: Problem,
    policy: pd.DataFrame,
    plan: Plan,
    keeps: Callable[[Plan], bool] = lambda _: True,
) -> tuple[Numbers, int]:
    """Orders (n) lifted to the minimum of their order or supplier, and orders still below theirs.

    `problem` is the stated one as it was solved, perhaps with fewer moves and more curves, and `plan`
    its answer; `policy` has the rows of the places. `moq_scope` order counts `moq_units` over the lines
    of one supplier and location, supplier over all lines of the supplier; `min_order_value` counts cost
    over the supplier and location. A line may be added or grown up to its level plus the demand of one
    more protection interval. An order that no coupling row has room for, or that makes a plan which
    `keeps` refuses, stays below its minimum.
    """
    item_location, curves = stated.item_location, stated.problem.curves
    units = plan.ordered.copy()
    # Without a supplier the number is −1, which is a group like any other.
    whole_supplier, location = (
        pd.factorize(item_location[name].to_numpy(dtype=object))[0].astype(np.int64)
        for name in ("supplier_id", "location_id")
    )
    order = whole_supplier * (len(units) + 1) + location
    scope = item_location["moq_scope"].to_numpy(dtype=object)
    moq = item_location["moq_units"].to_numpy(np.float64)
    cost = item_location["unit_cost"].to_numpy(np.float64)
    value = np.nan_to_num(item_location["min_order_value"].to_numpy(np.float64))
    mean, variance = curves.mean, curves.variance
    level = policy["order_up_to_units"].to_numpy(np.float64) - stated.later_units
    most = np.where(stated.is_planned & (level > 0), level + mean, -np.inf)
    position = position_after(problem, Plan(plan.moved, np.zeros(len(units))))
    room = problem.rows.capacity - row_use(problem, plan)
    below = 0
    for group, least, counted in (
        (order, np.where(scope == "order", moq, 0.0), np.ones(len(units))),
        (whole_supplier, np.where(scope == "supplier", moq, 0.0), np.ones(len(units))),
        (order, value, cost),
    ):
        for rows in _groups_with_orders(group, least, units):
            minimum = float(least[rows].max())
            lines = Lines(
                units[rows],
                position[rows],
                mean[rows],
                variance[rows],
                cost[rows],
                problem.places.lot[rows],
                most[rows],
                counted[rows],
            )
            lifted = top_up(lines, minimum)
            taken = _use(problem, rows, lifted - units[rows])
            has_room = bool(((taken <= room + 1e-9) | (taken <= 0)).all())
            more = units.copy()
            more[rows] = lifted
            if has_room and keeps(Plan(plan.moved, more)):
                units, room = more, room - taken
            below += int(float(units[rows] @ counted[rows]) < minimum - 1e-9)
    return units, below


def _use(problem: Problem, rows: npt.NDArray[np.int64], units: Numbers) -> Numbers:
    """What more ordered units of some places take of every coupling row."""
    uses = problem.order_uses
    count = uses.start[rows + 1] - uses.start[rows]
    entry = np.repeat(uses.start[rows], count) + _within(count)
    taken = np.repeat(units, count) * uses.amount[entry]
    return np.bincount(uses.row[entry], weights=taken, minlength=len(problem.rows)).astype(np.float64)


def _within(count: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)


def _groups_with_orders(
    group: npt.NDArray[np.int64], least: Numbers, units: Numbers
) -> list[npt.NDArray[np.int64]]:
    """Rows of every group that has a minimum and orders something, groups in order of first row."""
    wanted = np.isin(group, group[least > 0]) & np.isin(group, group[units > 0])
    rows = np.flatnonzero(wanted)
    rows = rows[np.argsort(group[rows], kind="stable")]
    return [part for part in np.split(rows, np.flatnonzero(np.diff(group[rows])) + 1) if len(part)]
