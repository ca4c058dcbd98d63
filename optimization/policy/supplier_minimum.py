"""A supplier's least order value: which lines are topped up to reach it, by marginal value."""

from __future__ import annotations

import heapq

import numpy as np
import numpy.typing as npt

from optimization.demand import distributions

Numbers = npt.NDArray[np.float64]


def top_up_to_value(
    ordered: Numbers,
    position: Numbers,
    mean: Numbers,
    variance: Numbers,
    unit_cost: Numbers,
    lot: Numbers,
    most: Numbers,
    min_value: float,
) -> Numbers:
    """Units per line of one supplier, so that the order reaches its least value; never less than asked.

    Each step adds one lot to the line where it avoids the most expected shortage per money:
    [n(y) − n(y + lot)]/(lot·c) with y the position after the order; a line stops at position `most`.
    When no line may grow, the order stays below the minimum. An order of nothing stays nothing. Ties go
    to the earlier line. Lines are rounded up together by value, not each by itself.

    >>> two = np.ones(2)
    >>> top_up_to_value(np.array([10.0, 0.0]), np.array([2.0, 6.0]), np.array([10.0, 8.0]),
    ...     np.array([10.0, 8.0]), np.array([5.0, 5.0]), two, 40 * two, min_value=75.0).tolist()
    [11.0, 4.0]
    """
    units = ordered.astype(np.float64).copy()
    value = float(units @ unit_cost)
    if value <= 0 or value >= min_value:
        return units

    def gain(line: int) -> float:
        here = np.array([position[line] + units[line]])
        one = np.array([mean[line]]), np.array([variance[line]])
        avoided = distributions.expected_shortage(here, *one) - distributions.expected_shortage(
            here + lot[line], *one
        )
        return float(avoided[0]) / float(lot[line] * unit_cost[line])

    def may_grow(line: int) -> bool:
        return bool(unit_cost[line] > 0 and position[line] + units[line] + lot[line] <= most[line] + 1e-9)

    queue = [(-gain(line), line) for line in range(len(units)) if may_grow(line)]
    heapq.heapify(queue)
    while queue and value < min_value - 1e-9:
        _, line = heapq.heappop(queue)
        units[line] += lot[line]
        value += float(lot[line] * unit_cost[line])
        if may_grow(line):
            heapq.heappush(queue, (-gain(line), line))
    return units
