"""Transfers between locations and allocation to segments, through the optimisation rooms."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.allocation.optimal.closed_form import share_out
from optimization.allocation.optimal.pools import Pools
from optimization.network.costs import nothing_plan, plan_cost, position_after
from tests.oracles.network_instances import best_plan
from tests.oracles.registry import answers
from tests.unit.network.problems import problem_of


@answers("proactive rebalancing (expected lost sales)")
def rebalancing(given: dict[str, Any]) -> Any:
    source, n = given["from_loc"], len(given["stock"])
    targets = [place for place in range(n) if place != source]
    problem = problem_of(
        position=given["stock"],
        spare=given["stock"],
        mean=given["poisson_horizon_demand"],
        holding=0.0,
        shortage=given["lost_sale_margin"],
        moves=[(source, target) for target in targets],
        lane_cost=given["transfer_cost"],
    )
    plan = best_plan(problem, whole=True)
    return {
        **{f"moves_to_{to}": float(units) for to, units in zip(targets, plan.moved, strict=True)},
        "final": position_after(problem, plan).tolist(),
        "expected_cost": plan_cost(problem, plan).objective,
        "cost_without": plan_cost(problem, nothing_plan(problem)).objective,
    }


def _pool(supply: float, demand: list[float], least: list[float], tier: list[int]) -> Pools:
    wanted = np.array([demand], dtype=float)
    return Pools(
        supply=np.array([float(supply)]),
        is_whole=np.array([True]),
        demand=wanted,
        guaranteed=np.minimum(np.array([least], dtype=float), wanted),
        most=wanted,
        weight=wanted,
        tier=np.array(tier),
        is_scaled=np.array([False]),
    )


@answers("fair-share allocation, integer")
def fair_share(given: dict[str, Any]) -> Any:
    k = len(given["demand"])
    return share_out(_pool(given["supply"], given["demand"], [0.0] * k, [1] * k))[0].tolist()


@answers("priority and guaranteed minimum")
def priority(given: dict[str, Any]) -> Any:
    pool = _pool(given["supply"], given["demand"], given["guaranteed_min"], given["priority"])
    return share_out(pool)[0].tolist()
