"""The allocation of some pools as an optimisation model, solved level by level.

Lexicographic: for each tier first the largest total, then the largest common level, raised round by
round while segments reach their most. One-shot weights would need more digits than a double has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from optimization.allocation.optimal.constraints import fair_level, higher_tiers, supply
from optimization.allocation.optimal.pools import Pools
from optimization.errors import SolverError
from optimization.solver.finite import require_finite
from optimization.solver.highs import solve
from optimization.solver.matrix import MatrixModel, matrix_of
from optimization.solver.solution import Solution

Numbers = npt.NDArray[np.float64]

_TOLERANCE = 1e-9


@dataclass(frozen=True)
class ModelData:
    """Pools as the rules read them, and what earlier levels have settled.

    served: total by pool and tier; open_segments: pool and segment whose share the level lifts;
    fixed: share by pool and segment that has reached its most.
    """

    supply: Sequence[float]
    least: Sequence[Sequence[float]]
    most: Sequence[Sequence[float]]
    weight: Sequence[Sequence[float]]
    segments: Sequence[int]
    members: Mapping[int, Sequence[int]]
    served: Mapping[tuple[int, int], float]
    open_segments: frozenset[tuple[int, int]]
    fixed: Mapping[tuple[int, int], float]
    slack: float


@dataclass(frozen=True)
class ModelShares:
    """Shares by pool and segment, and the size and worst residual of the models that gave them."""

    shares: Numbers
    solves: int
    row_count: int
    column_count: int
    max_violation: float
    solver_version: str


def build(data: ModelData, tier: int) -> Any:
    """State one level: the largest total of the tier, or its largest common level."""
    import pyomo.environ as pyo

    def bounds(_: Any, pool: int, segment: int) -> tuple[float, float]:
        if (pool, segment) in data.fixed:
            return (max(data.fixed[pool, segment] - data.slack, 0.0), data.most[pool][segment])
        return (data.least[pool][segment], data.most[pool][segment])

    model = pyo.ConcreteModel()
    model.data = data
    pools = range(len(data.supply))
    model.share = pyo.Var(pools, data.segments, bounds=bounds)
    levelled = sorted({pool for pool, _ in data.open_segments})
    model.level = pyo.Var(levelled, bounds=(0.0, None))
    model.supply = pyo.Constraint(supply.supply_index(model), rule=supply.supply)
    model.higher_tiers = pyo.Constraint(
        higher_tiers.higher_tiers_index(model), rule=higher_tiers.higher_tiers
    )
    model.fair_level = pyo.Constraint(fair_level.fair_level_index(model), rule=fair_level.fair_level)
    if levelled:
        goal = sum(model.level[pool] for pool in levelled)
    else:
        goal = sum(model.share[pool, segment] for pool in pools for segment in data.members[tier])
    model.best = pyo.Objective(expr=-goal)
    return model


def solve_pools(pools: Pools) -> ModelShares:
    """Solve fractional shares of every pool. Raises `SolverError` when a level is not optimal."""
    require_finite(
        "allocation",
        {
            "supply": pools.supply,
            "guaranteed": pools.guaranteed,
            "most": pools.most,
            "weight": pools.weight,
        },
    )
    solver = _Levels(pools)
    for tier in np.unique(pools.tier).tolist():
        solver.serve(tier)
    return ModelShares(
        solver.shares, solver.solves, solver.rows, solver.columns, solver.worst, solver.solver_version
    )


class _Levels:
    """What the levels solved so far have settled."""

    def __init__(self, pools: Pools) -> None:
        self.pools = pools
        # Settled totals are kept up to this, or rounding of the last solve makes the next infeasible.
        self.slack = 1e-9 * max(1.0, float(pools.supply.max(initial=0.0)))
        self.served: dict[tuple[int, int], float] = {}
        self.fixed: dict[tuple[int, int], float] = {}
        self.shares = pools.guaranteed.copy()
        self.solves = self.rows = self.columns = 0
        self.worst, self.solver_version = 0.0, ""

    def serve(self, tier: int) -> None:
        """Give the tier its largest total, then raise its level until nobody can be lifted."""
        pools = self.pools
        members = np.flatnonzero(pools.tier == tier).tolist()
        shares, _ = self._solve(tier, frozenset())
        for pool in range(len(pools)):
            self.served[pool, tier] = float(shares[pool, members].sum())
        lifted = {
            (pool, segment)
            for segment in members
            for pool in np.flatnonzero(
                (pools.most > pools.guaranteed)[:, segment] & (pools.weight[:, segment] > 0)
            ).tolist()
        }
        while lifted:
            shares, level = self._solve(tier, frozenset(lifted))
            at_most = {
                (pool, segment)
                for pool, segment in lifted
                if level[pool] * pools.weight[pool, segment] >= pools.most[pool, segment] - 10.0 * self.slack
            }
            self.fixed |= {(pool, segment): float(pools.most[pool, segment]) for pool, segment in at_most}
            settled = {pool for pool, _ in lifted} - {pool for pool, _ in at_most}
            # Where nobody reached their most, the total binds and the shares are final.
            self.fixed |= {
                (pool, segment): float(
                    np.clip(
                        level[pool] * pools.weight[pool, segment],
                        pools.guaranteed[pool, segment],
                        pools.most[pool, segment],
                    )
                )
                for pool, segment in lifted
                if pool in settled
            }
            lifted = {pair for pair in lifted - at_most if pair[0] not in settled}
        for (pool, segment), share in self.fixed.items():
            self.shares[pool, segment] = share

    def _solve(self, tier: int, lifted: frozenset[tuple[int, int]]) -> tuple[Numbers, Numbers]:
        pools = self.pools
        data = ModelData(
            supply=pools.supply.tolist(),
            least=pools.guaranteed.tolist(),
            most=pools.most.tolist(),
            weight=pools.weight.tolist(),
            segments=range(pools.demand.shape[1]),
            members={
                int(number): np.flatnonzero(pools.tier == number).tolist() for number in np.unique(pools.tier)
            },
            served=dict(self.served),
            open_segments=lifted,
            fixed=dict(self.fixed),
            slack=self.slack,
        )
        model = build(data, tier)
        matrix = matrix_of(model, f"allocation tier {tier}")
        answer = solve(matrix)
        if answer.status != "OPTIMAL":
            raise SolverError(
                f"allocation model of tier {tier} ended as {answer.detail}; the closed form is checked "
                "against it, so nothing is published: report the snapshot"
            )
        self.solves += 1
        self.rows, self.columns = max(self.rows, matrix.row_count), max(self.columns, matrix.column_count)
        self.worst, self.solver_version = max(self.worst, answer.max_violation), answer.solver_version
        return self._values(answer, matrix)

    def _values(self, answer: Solution, matrix: MatrixModel) -> tuple[Numbers, Numbers]:
        shares, level = self.shares.copy(), np.zeros(len(self.pools))
        for (family, index), value in zip(matrix.columns, answer.values.tolist(), strict=True):
            if family == "share":
                shares[index] = value
            else:
                level[index] = value
        return shares, level
