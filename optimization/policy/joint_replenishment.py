"""Joint replenishment: items that share an order's fixed cost, each in every m-th order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class JointPlan:
    """Years between two orders, every how many of them each item joins, its quantity, yearly cost."""

    cycle_time: float
    multiples: tuple[int, ...]
    quantities: tuple[float, ...]
    cost: float


def joint_replenishment(
    shared_cost: float, item_cost: Numbers, holding_cost: Numbers, demand_rate: Numbers
) -> JointPlan:
    """Silver's heuristic: the item with the least k/(hd) joins every order, the others every m-th.

    m_i = √[k_i/(h_i·d_i) · h_1·d_1/(K + k_1)] rounded, at least 1; T = √[2(K + Σk_i/m_i)/Σ h_i·d_i·m_i];
    Q_i = m_i·d_i·T. K per order, k_i per item in it, h_i per unit and year, d_i units per year.
    Within 2 % of the optimum as a rule. Ties go to the first item. Source: Silver (1976).

    >>> plan = joint_replenishment(600, np.array([120.0, 840, 300]), np.array([160.0, 20, 50]), np.ones(3))
    >>> plan.multiples, round(plan.cycle_time, 4), round(plan.cost, 3)
    ((1, 3, 1), 3.1032, 837.854)
    """
    value = holding_cost * demand_rate
    weight = item_cost / value
    first = int(np.argmin(weight))
    root = np.sqrt(weight * value[first] / (shared_cost + item_cost[first]))
    multiples = np.maximum(np.floor(root + 0.5), 1.0)
    multiples[first] = 1.0
    fixed = shared_cost + float((item_cost / multiples).sum())
    carried = float((value * multiples).sum())
    cycle = (2.0 * fixed / carried) ** 0.5
    return JointPlan(
        cycle_time=cycle,
        multiples=tuple(int(m) for m in multiples),
        quantities=tuple(float(q) for q in multiples * demand_rate * cycle),
        cost=(2.0 * fixed * carried) ** 0.5,
    )
