"""The Pyomo model of one goal of the joint plan: assembles variables, families and the goal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimization.allocation.optimal.constraints import (
    borrow_ratio,
    borrowing,
    cap,
    churn,
    ordered_fill,
    promise,
    ring_fence,
    service,
)
from optimization.network.lexicographic.case import Case
from optimization.network.lexicographic.families import balance, lane, outflow, settled_goal, space
from optimization.network.lexicographic.goals import Goal, expression, members


@dataclass(frozen=True)
class ModelData:
    """A case as the rules read it, and what the goals solved so far have reached."""

    case: Case
    settled: Sequence[tuple[Goal, float]]
    slack: float
    place_count: int
    segments: Sequence[int]
    lot: Sequence[float]
    size: Sequence[float]
    into: Sequence[Sequence[int]]
    out_of: Sequence[Sequence[int]]
    places_of: Sequence[Sequence[int]]
    places_at: Sequence[Sequence[int]]
    on_lane: Sequence[Sequence[int]]
    limited_lanes: frozenset[int]
    most_load: Sequence[float]
    most_units: Sequence[float]


def model_data(case: Case, settled: Sequence[tuple[Goal, float]], slack: float) -> ModelData:
    """Turn the arrays of a case into the lists that the rules read."""
    lot, size = (column[case.item[case.source]] for column in (case.lot, case.size))
    lanes = len(case.lane_capacity)
    units = np.bincount(case.lane, weights=case.spare[case.source], minlength=lanes)
    load = np.bincount(case.lane, weights=case.spare[case.source] * size, minlength=lanes)
    return ModelData(
        case=case,
        settled=settled,
        slack=slack,
        place_count=len(case.item),
        segments=range(len(case.tier)),
        lot=lot.tolist(),
        size=size.tolist(),
        into=_grouped(case.target, len(case.item)),
        out_of=_grouped(case.source, len(case.item)),
        places_of=_grouped(case.item, len(case.fence)),
        places_at=_grouped(case.location, len(case.space)),
        on_lane=_grouped(case.lane, lanes),
        limited_lanes=frozenset(np.flatnonzero(np.isfinite(case.lane_capacity)).tolist()),
        most_load=np.minimum(load, case.lane_capacity).tolist(),
        most_units=units.tolist(),
    )


def _grouped(owner: Any, count: int) -> list[list[int]]:
    return [np.flatnonzero(owner == number).tolist() for number in range(count)]


def build(data: ModelData, goal: Goal | None) -> Any:
    """State one goal with all that were solved before it; without a goal, the fixed tie-break."""
    import pyomo.environ as pyo

    model, case = pyo.ConcreteModel(), data.case
    model.data = data
    places, pairs = range(data.place_count), [(p, s) for p in range(data.place_count) for s in data.segments]
    units = pyo.NonNegativeIntegers if case.is_whole else pyo.NonNegativeReals
    model.lots = pyo.Var(
        range(len(case.source)),
        bounds=lambda _, a: (0.0, float(np.floor(case.spare[case.source[a]] / data.lot[a] + 1e-9))),
        domain=pyo.Integers,
    )
    model.own = pyo.Var(pairs, domain=units)
    model.pool = pyo.Var(places, domain=pyo.NonNegativeReals)
    model.borrowed = pyo.Var(pairs, domain=units)
    model.unmet = pyo.Var(
        [(int(p), int(s)) for p, s in np.argwhere(case.demand > 0)],
        bounds=lambda _, p, s: (0.0, float(case.demand[p, s])),
    )
    model.is_used = pyo.Var(
        np.flatnonzero((case.lane_fixed_cost > 0) | (case.lane_minimum > 0)).tolist(), domain=pyo.Binary
    )
    for name, index in _slacks(case).items():
        setattr(model, name, pyo.Var(index, domain=pyo.NonNegativeReals))
    model.changed = pyo.Var(pairs, domain=pyo.NonNegativeReals)
    ranked = [each for each in (*(done for done, _ in data.settled), goal) if each is not None]
    ranked = [each for each in ranked if each.kind == "fairness"]
    model.lowest = pyo.Var(
        [(each.tier, each.rank) for each in ranked],
        bounds=(0.0, float(1.0 / case.weight[case.weight > 0].min(initial=1.0))),
    )
    model.below = pyo.Var(
        [(each.tier, each.rank, p, s) for each in ranked for p, s in members(case, each.tier)],
        domain=pyo.NonNegativeReals,
    )
    for name, (index, rule) in FAMILIES.items():
        setattr(model, name, pyo.Constraint(index(model), rule=rule))
    model.goal = pyo.Objective(expr=_tie_break(model) if goal is None else expression(model, goal))
    return model


FAMILIES: Mapping[str, tuple[Any, Any]] = {
    "balance": (balance.balance_index, balance.balance),
    "outflow": (outflow.outflow_index, outflow.outflow),
    "service": (service.service_index, service.service),
    "promise": (promise.promise_index, promise.promise),
    "ring_fence": (ring_fence.ring_fence_index, ring_fence.ring_fence),
    "cap": (cap.cap_index, cap.cap),
    "borrowing": (borrowing.borrowing_index, borrowing.borrowing),
    "safety": (borrowing.safety_index, borrowing.safety),
    "borrow_ratio": (borrow_ratio.borrow_ratio_index, borrow_ratio.borrow_ratio),
    "lane": (lane.lane_index, lane.lane),
    "shipped": (lane.shipped_index, lane.shipped),
    "least": (lane.least_index, lane.least),
    "space": (space.space_index, space.space),
    "ordered_fill": (ordered_fill.ordered_fill_index, ordered_fill.ordered_fill),
    "churn": (churn.churn_index, churn.churn),
    "churn_back": (churn.churn_index, churn.churn_back),
    "settled_goal": (settled_goal.settled_goal_index, settled_goal.settled_goal),
}


def _slacks(case: Case) -> dict[str, list[Any]]:
    """What may give way, and where it can."""
    return {
        "promise_short": [(int(p), int(s)) for p, s in np.argwhere(case.reserved > 0)],
        "fence_short": [(int(i), int(s)) for i, s in np.argwhere(case.fence > 0)],
        "space_over": np.flatnonzero(np.isfinite(case.space)).tolist(),
        "safety_short": np.flatnonzero(case.safety_stock > 0).tolist(),
    }


def _tie_break(model: Any) -> Any:
    """Among plans that are as good, the one that uses what comes first in key order."""
    variables = [
        variable[index] for variable in (model.lots, model.own, model.borrowed) for index in variable
    ]
    return sum((rank + 1.0) / len(variables) * variable for rank, variable in enumerate(variables))
