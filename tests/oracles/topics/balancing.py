"""Transfers between locations and allocation to segments, through the optimisation rooms."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.allocation.closed_form import share_out
from optimization.allocation.pools import Pools
from optimization.network.audit import plan_cost, position_after
from optimization.network.batches import Batch, solve_batch
from optimization.network.items import Moves, Places
from optimization.parameters import NetworkParameters
from tests.oracles.registry import answers


def places_with(mean: list[float], stock: list[float], holding: float, shortage: float) -> Places:
    """Places of one item with Poisson demand, all stock spare, and no policy that triggers."""
    n = len(mean)
    demand, nothing = np.array(mean, dtype=float), np.zeros(n)
    return Places(
        item=np.zeros(n, dtype=np.int64),
        position=np.array(stock, dtype=float),
        spare=np.array(stock, dtype=float),
        mean=demand,
        variance=demand,
        near_mean=nothing,
        near_variance=nothing,
        holding_cost=np.full(n, holding),
        shortage_cost=np.full(n, shortage),
        reorder_point=np.full(n, -1.0),
        level=nothing,
        moq=nothing,
        lot=np.ones(n),
        is_planned=np.ones(n, dtype=bool),
    )


def moves_from(source: int, targets: list[int], unit_cost: float, limit: float) -> Moves:
    """One lane from a place to each target."""
    n = len(targets)
    return Moves(
        source=np.full(n, source),
        target=np.array(targets),
        lane=np.arange(n),
        unit_cost=np.full(n, unit_cost),
        fixed_cost=np.zeros(n),
        limit=np.full(n, limit),
    )


@answers("proactive rebalancing (expected lost sales)")
def rebalancing(given: dict[str, Any]) -> Any:
    places = places_with(given["poisson_horizon_demand"], given["stock"], 0.0, given["lost_sale_margin"])
    source = given["from_loc"]
    targets = [place for place in range(len(places)) if place != source]
    moves = moves_from(source, targets, given["transfer_cost"], given["stock"][source])
    plan = solve_batch(Batch("case", places, moves), NetworkParameters(dead_band_factor=1.0))
    nothing = np.zeros(len(moves)), np.zeros(len(places))
    return {
        **{f"moves_to_{to}": float(units) for to, units in zip(targets, plan.moved, strict=True)},
        "final": position_after(places, moves, plan.moved, plan.ordered).tolist(),
        "expected_cost": plan.objective,
        "cost_without": plan_cost(places, moves, *nothing, 1.0),
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
