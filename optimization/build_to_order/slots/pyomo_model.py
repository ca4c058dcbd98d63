"""The slots' model in Pyomo: the readable statement, level by level, which the engines agree with.

min f_l(x, y, s) for each level l in turn, subject to the families in `constraints` and to f_j ≤ v_j for
the levels j before it; f is stated in `costs`. The engines fill the same matrix from arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from optimization.build_to_order.slots.assembly import Room
from optimization.build_to_order.slots.constraints import (
    capacity,
    each_once,
    kept,
    levelling,
    option_limit,
)
from optimization.build_to_order.slots.costs import LEVELS, allowed, level_cost
from optimization.build_to_order.slots.grouping import Groups
from optimization.build_to_order.slots.problem import Numbers, SlotProblem
from optimization.errors import SolverError
from optimization.solver.finite import require_finite
from optimization.solver.highs import solve
from optimization.solver.matrix import matrix_of

FAMILIES: Mapping[str, tuple[Any, Any]] = {
    "each_once": (each_once.each_once_index, each_once.each_once),
    "capacity": (capacity.capacity_index, capacity.capacity),
    "option_limit": (option_limit.option_limit_index, option_limit.option_limit),
    "levelling": (levelling.levelling_index, levelling.levelling),
    "option_levelling": (levelling.option_levelling_index, levelling.option_levelling),
    "kept": (kept.kept_index, kept.kept),
}
_TOLERANCE = 1e-6


def build(problem: SlotProblem, groups: Groups, room: Room, level: str, settled: Mapping[str, float]) -> Any:
    """State one level; `settled` are the values that earlier levels may not exceed."""
    import pyomo.environ as pyo

    require_finite("slots", {"weight": groups.first.weight, "capacity": room.capacity})
    model = pyo.ConcreteModel()
    model.groups, model.room, model.settled = groups, room, dict(settled)
    mask, row_of = allowed(problem, groups.first), problem.buckets.week_row.tolist()
    pairs = [(int(group), int(at)) for group, at in np.argwhere(mask)]
    model.places_of = {group: np.flatnonzero(row).tolist() for group, row in enumerate(mask)}
    placed = [pair for pair in pairs if pair[1] < len(row_of)]
    model.groups_in = _by_key((at, group) for group, at in placed)
    options = groups.first.options
    model.with_option = _by_key(
        ((row_of[at], option), (group, at))
        for group, at in placed
        for option in np.flatnonzero(options[group]).tolist()
    )
    model.extra_of = _by_key((at, e) for e, at in enumerate(problem.expedites.bucket.tolist()))
    model.placed = pyo.Var(pairs, domain=pyo.NonNegativeIntegers)
    model.extra = pyo.Var(
        range(len(room.extra)), domain=pyo.NonNegativeIntegers, bounds=lambda _, e: (0, float(room.extra[e]))
    )
    model.short = pyo.Var(levelling.levelling_index(model), domain=pyo.NonNegativeReals)
    model.option_short = pyo.Var(levelling.option_levelling_index(model), domain=pyo.NonNegativeReals)

    def goal_of(name: str) -> Any:
        cost = level_cost(problem, name, groups.first)
        goal = sum(float(cost[pair]) * model.placed[pair] for pair in pairs if cost[pair])
        if name == "moves":
            goal += sum(float(price) * model.extra[e] for e, price in enumerate(problem.expedites.cost))
        if name == "earliness":
            short = sum(model.short.values()) + sum(model.option_short.values())
            goal += problem.horizon_days * short
        return goal

    model.goal_of = goal_of
    for name, (index, rule) in FAMILIES.items():
        setattr(model, name, pyo.Constraint(list(index(model)), rule=rule))
    model.goal = pyo.Objective(expr=goal_of(level))
    return model


def solve_statement(problem: SlotProblem, groups: Groups, room: Room) -> tuple[dict[str, float], Numbers]:
    """Value of every level, and units by group and bucket (g, b + 1), from the statement alone.

    Raises `SolverError` when a level is not optimal.
    """
    settled: dict[str, float] = {}
    values: dict[str, float] = {}
    units = np.zeros((len(groups), len(problem.buckets) + 1))
    for level in LEVELS:
        model = build(problem, groups, room, level, settled)
        if isinstance(model.goal.expr, (int, float)):
            values[level] = 0.0
            continue
        matrix = matrix_of(model, f"slots {level}, stated")
        answer = solve(matrix)
        if not answer.is_solved:
            raise SolverError(f"level {level} of the stated slots ended as {answer.status}: {answer.detail}")
        values[level] = answer.objective
        settled[level] = answer.objective + _TOLERANCE * max(1.0, abs(answer.objective))
        for (family, index), value in zip(matrix.columns, answer.values.tolist(), strict=True):
            if family == "placed":
                units[index] = round(value)
    return values, units


def _by_key(pairs: Any) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found
