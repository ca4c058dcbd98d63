"""The same sharing as an optimisation model, solved level by level.

Lexicographic, first for the quotas and then, with these fixed, for the loans above them, so that no
unit is borrowed that could be owned: for each tier first the least unmet demand, then the largest common
level, raised round by round while segments reach their most. One-shot weights would need more digits
than a double has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from optimization.allocation.optimal.claims import Claims, loans_above
from optimization.allocation.optimal.constraints import (
    borrow_ratio,
    borrowing,
    fair_level,
    higher_tiers,
    service,
    supply,
)
from optimization.allocation.optimal.pools import Pools
from optimization.errors import SolverError
from optimization.solver.call import solver_version
from optimization.solver.finite import require_finite
from optimization.solver.highs import solve
from optimization.solver.matrix import MatrixModel, matrix_of

Numbers = npt.NDArray[np.float64]

FAMILIES: Mapping[str, tuple[Any, Any]] = {
    "supply": (supply.supply_index, supply.supply),
    "service": (service.service_index, service.service),
    "higher_tiers": (higher_tiers.higher_tiers_index, higher_tiers.higher_tiers),
    "fair_level": (fair_level.fair_level_index, fair_level.fair_level),
    "borrowing": (borrowing.borrowing_index, borrowing.borrowing),
    "safety": (borrowing.safety_index, borrowing.safety),
    "borrow_ratio": (borrow_ratio.borrow_ratio_index, borrow_ratio.borrow_ratio),
}


@dataclass(frozen=True)
class Case:
    """Pools as the rules read them: supply, safety_stock (n), demand, weight (n, k), borrow_ratio (k)."""

    supply: Numbers
    demand: Numbers
    weight: Numbers
    borrow_ratio: Numbers
    safety_stock: Numbers


@dataclass(frozen=True)
class ModelData:
    """A case and what earlier levels have settled.

    own, loan: bounds by pool and segment; safety_short: most that the pool's safety stock may miss.
    settled: unmet demand by pool and tier, which is kept up to the pool's slack; lifted: pool and segment
    whose share the level lifts.
    """

    case: Case
    place_count: int
    segments: Sequence[int]
    members: Mapping[int, Sequence[int]]
    own: tuple[Numbers, Numbers]
    loan: tuple[Numbers, Numbers]
    safety_short: Numbers
    settled: Mapping[tuple[int, int], float]
    lifted: frozenset[tuple[int, int]]
    slack: Numbers


@dataclass(frozen=True)
class ModelShares:
    """Kept for open orders, quotas and loans by pool and segment; size and worst residual of the models."""

    kept: Numbers
    shares: Numbers
    loans: Numbers
    solves: int
    row_count: int
    column_count: int
    max_violation: float
    solver_version: str


def build(data: ModelData, tier: int) -> Any:
    """State one level: the least unmet demand of the tier, or its largest common level."""
    import pyomo.environ as pyo

    def within(bounds: tuple[Numbers, Numbers]) -> Any:
        return lambda _, place, segment: tuple(float(bound[place, segment]) for bound in bounds)

    model = pyo.ConcreteModel()
    model.data = data
    places = range(data.place_count)
    pairs = [(place, segment) for place in places for segment in data.segments]
    model.own = pyo.Var(pairs, bounds=within(data.own))
    model.borrowed = pyo.Var(pairs, bounds=within(data.loan))
    model.unmet = pyo.Var(pairs, bounds=within((np.zeros_like(data.case.demand), data.case.demand)))
    model.pool = pyo.Var(places, bounds=(0.0, None))
    model.safety_short = pyo.Var(
        np.flatnonzero(data.case.safety_stock > 0).tolist(),
        bounds=lambda _, place: (0.0, float(data.safety_short[place])),
    )
    levelled = sorted({place for place, _ in data.lifted})
    model.level = pyo.Var(levelled, bounds=(0.0, None))
    for name, (index, rule) in FAMILIES.items():
        setattr(model, name, pyo.Constraint(index(model), rule=rule))
    if levelled:
        goal = -sum(model.level[place] for place in levelled)
    else:
        goal = sum(model.unmet[place, segment] for place in places for segment in data.members[tier])
    model.best = pyo.Objective(expr=goal)
    return model


def solve_claims(claims: Claims) -> ModelShares:
    """Solve fractional shares of every pool: open orders, quotas, loans.

    A step is solved for the pools that have anything to share in it. Raises `SolverError` when a level is
    not optimal and `NonFiniteInputError` for numbers that are none.
    """
    kept, of_orders = _solved(claims, claims.orders)
    quotas, of_quotas = _solved(claims, claims.quotas)
    # They may exceed the supply by the model's slack, and nothing could be lent from less than nothing.
    quotas *= np.minimum(1.0, claims.quotas.supply / np.maximum(quotas.sum(axis=1), 1e-300))[:, None]
    served, of_loans = _solved(claims, loans_above(claims, quotas, whole=False), quotas)
    steps = [*of_orders, *of_quotas, *of_loans]
    return ModelShares(
        kept=kept,
        shares=quotas,
        loans=np.maximum(served - quotas, 0.0),
        solves=sum(step.solves for step in steps),
        row_count=max((step.rows for step in steps), default=0),
        column_count=max((step.columns for step in steps), default=0),
        max_violation=max((step.worst for step in steps), default=0.0),
        solver_version=solver_version(),
    )


def _solved(claims: Claims, pools: Pools, quotas: Numbers | None = None) -> tuple[Numbers, list[_Levels]]:
    """What is served where there is anything to share, and the guaranteed units elsewhere."""
    served = pools.guaranteed.copy()
    slack = slack_of(claims)
    left = pools.supply > pools.guaranteed.sum(axis=1) + slack
    rows = np.flatnonzero((pools.most > pools.guaranteed + slack[:, None]).any(axis=1) & left)
    if not len(rows):
        return served, []
    step = _Levels(claims.take(rows), pools.take(rows), None if quotas is None else quotas[rows])
    step.serve()
    served[rows] = step.served
    return served, [step]


def slack_of(claims: Claims) -> Numbers:
    """How closely a settled goal of each pool is kept (n), units.

    Wider than the solver's own tolerance, or rounding of one solve makes the next infeasible.
    """
    return 5e-7 * np.maximum(claims.quotas.supply, 1.0)


class _Levels:
    """The levels of one step, and what those solved so far have settled.

    `pools` bounds what a segment is served. Where there are `quotas`, these are owned and the rest is
    borrowed under the terms of the claims; without any, all of it is owned.
    """

    def __init__(self, claims: Claims, pools: Pools, quotas: Numbers | None) -> None:
        self.claims, self.pools, self.quotas = claims, pools, quotas
        supply = claims.quotas.supply
        require_finite(
            "allocation",
            {
                "supply": supply,
                "demand": pools.demand,
                "guaranteed": pools.guaranteed,
                "most": pools.most,
                "weight": pools.weight,
                "borrow_ratio": claims.borrow_ratio,
                "safety": claims.safety,
            },
        )
        self.slack = slack_of(claims)
        self.settled: dict[tuple[int, int], float] = {}
        self.least = pools.guaranteed.copy()
        self.served = pools.guaranteed.copy()
        self.members = {int(tier): np.flatnonzero(pools.tier == tier).tolist() for tier in pools.tier}
        self.case = Case(supply, pools.demand, pools.weight, claims.borrow_ratio, claims.safety)
        self.solves = self.rows = self.columns = 0
        self.worst = 0.0

    def serve(self) -> None:
        """Serve the tiers in order."""
        for tier in sorted(self.members):
            self._serve(tier)

    def _serve(self, tier: int) -> None:
        """Bring the tier's unmet demand to its least, then raise its level until nobody can be lifted."""
        pools, members = self.pools, self.members[tier]
        values = self._solve(tier, frozenset())
        for place in range(len(pools)):
            self.settled[place, tier] = sum(values["unmet", (place, segment)] for segment in members)
        can_rise = (pools.most > pools.guaranteed + self.slack[:, None]) & (pools.weight > 0)
        lifted = {(place, s) for s in members for place in np.flatnonzero(can_rise[:, s]).tolist()}
        while lifted:
            values = self._solve(tier, frozenset(lifted))
            reached = {pair: values["level", pair[0]] * pools.weight[pair] for pair in lifted}
            at_most = {
                pair for pair in lifted if reached[pair] >= pools.most[pair] - 4.0 * self.slack[pair[0]]
            }
            # Where nobody reached their most, the total binds and the shares are final.
            settled = {place for place, _ in lifted} - {place for place, _ in at_most}
            for pair in lifted:
                if pair in at_most or pair[0] in settled:
                    self.served[pair] = np.clip(reached[pair], pools.guaranteed[pair], pools.most[pair])
                    self.least[pair] = max(self.served[pair] - self.slack[pair[0]], pools.guaranteed[pair])
            lifted = {pair for pair in lifted - at_most if pair[0] not in settled}

    def _solve(self, tier: int, lifted: frozenset[tuple[int, int]]) -> Mapping[tuple[str, Any], float]:
        matrix = matrix_of(build(self._data(lifted), tier), f"allocation tier {tier}")
        answer = solve(matrix)
        if answer.status != "OPTIMAL":
            raise SolverError(
                f"allocation model of tier {tier} ended as {answer.detail}; the closed form is checked "
                "against it, so nothing is published: report the snapshot"
            )
        self._count(matrix, answer.max_violation)
        return dict(zip(matrix.columns, answer.values.tolist(), strict=True))

    def _data(self, lifted: frozenset[tuple[int, int]]) -> ModelData:
        pools, claims, none = self.pools, self.claims, np.zeros_like(self.least)
        own, loan, missing = (self.least, pools.most), (none, none), claims.safety
        if self.quotas is not None:
            most = np.minimum(claims.borrow_cap, pools.demand)
            own, loan = (self.quotas, self.quotas), (np.maximum(self.least - self.quotas, 0.0), most)
            common = self.case.supply - self.quotas.sum(axis=1)
            missing = np.maximum(claims.safety - common, 0.0)
        return ModelData(
            case=self.case,
            place_count=len(pools),
            segments=range(pools.demand.shape[1]),
            members=self.members,
            own=own,
            loan=loan,
            safety_short=missing,
            settled=dict(self.settled),
            lifted=lifted,
            slack=self.slack,
        )

    def _count(self, matrix: MatrixModel, violation: float) -> None:
        self.solves += 1
        self.rows, self.columns = max(self.rows, matrix.row_count), max(self.columns, matrix.column_count)
        self.worst = max(self.worst, violation)
