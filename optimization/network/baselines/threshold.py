"""Rebalancing by thresholds, as frePPLe describes it: excess that would last too long is sent away.

Source: frePPLe documentation, "Inventory rebalancing" and its parameters
`inventoryplanning.rebalancing_burnout_threshold` (60 days by default), `…_part_cost_threshold` and
`…_total_cost_threshold`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.network.baselines.admission import Wishes
from optimization.network.baselines.needs import excess, ranked_moves, shortfall
from optimization.network.problem import Numbers, Problem


@dataclass(frozen=True)
class Thresholds:
    """Least days that demand takes to use up the excess; least cost of a unit, and of the excess, money."""

    burnout_days: float = 60.0
    part_cost: float = 0.0
    total_cost: float = 0.0


def threshold(
    problem: Problem, daily_rate: Numbers, unit_cost: Numbers, thresholds: Thresholds | None = None
) -> Wishes:
    """All excess beyond the thresholds goes to those who are short; the slowest excess first."""
    thresholds = thresholds or Thresholds()
    spare, moves = excess(problem), problem.moves
    burnout = np.divide(spare, daily_rate, out=np.full(len(spare), np.inf), where=daily_rate > 0)
    is_excess = (
        (spare > 0)
        & (burnout >= thresholds.burnout_days)
        & (unit_cost >= thresholds.part_cost)
        & (spare * unit_cost >= thresholds.total_cost)
    )
    give = np.where(is_excess, spare, 0.0)
    return Wishes(give, shortfall(problem), ranked_moves(problem, -burnout[moves.source]))
