"""The exact engine: every level to its optimum in whole numbers, earlier levels kept as rows.

For small problems, and for what the fast engine leaves open. Each level is a mixed-integer program.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.build_to_order.slots.assembly import Kept, Pairs, Room, assembled, nothing_tight
from optimization.build_to_order.slots.costs import LEVELS, allowed, level_cost
from optimization.build_to_order.slots.grouping import Groups
from optimization.build_to_order.slots.problem import Flags, Numbers, SlotProblem
from optimization.errors import SolverError
from optimization.solver.highs import solve

# Costs of an earlier level may rise by the solver's tolerance, or rounding makes the next infeasible.
_KEPT = 1e-6


@dataclass(frozen=True)
class LevelEnd:
    """How one level ended: its value, a bound on every plan as good in the levels before, sizes."""

    level: str
    value: float
    bound: float
    row_count: int
    column_count: int
    max_violation: float


def solve_exactly(
    problem: SlotProblem,
    groups: Groups,
    room: Room,
    max_relative_gap: float = 0.0,
    max_nodes: int = 2_000,
    mask: Flags | None = None,
    levels: tuple[str, ...] = LEVELS,
) -> tuple[Numbers, list[LevelEnd]]:
    """Whole units by group and bucket (g, b + 1), and how each level ended.

    `mask`: pairs that may be used, by default all allowed ones; no slot has to be among them. Raises
    `SolverError` when a level has no answer (no slot is always one).
    """
    first, b = groups.first, len(problem.buckets)
    table = allowed(problem, first) if mask is None else mask
    pairs = Pairs.of(table)
    kept: list[Kept] = []
    ends: list[LevelEnd] = []
    units = np.zeros((len(groups), b + 1))
    for level in levels if len(groups) else ():
        cost = level_cost(problem, level, first)[pairs.group, pairs.bucket]
        extra_cost = problem.expedites.cost if level == "moves" else np.zeros(len(room.extra))
        asks = level in ("earliness", "order")
        short = float(problem.horizon_days) if level == "earliness" else 0.0
        part = assembled(
            f"slots {level}",
            problem,
            first.options,
            groups.units,
            room,
            nothing_tight(room),
            pairs,
            cost,
            extra_cost,
            short if asks else None,
            tuple(kept),
            is_whole=True,
        )
        value = bound = worst = 0.0
        if part.model.cost.any() or level == levels[-1]:
            answer = solve(part.model, max_relative_gap, max_nodes)
            if not answer.has_values:
                raise SolverError(f"level {level} of the slots ended as {answer.status}: {answer.detail}")
            units = np.zeros((len(groups), b + 1))
            units[pairs.group, pairs.bucket] = np.round(answer.values[: part.pair_count])
            value, bound = answer.objective, answer.bound
            worst = answer.max_violation
        kept.append(Kept(cost, extra_cost, short, value + _KEPT * max(1.0, abs(value))))
        ends.append(LevelEnd(level, value, bound, part.model.row_count, part.model.column_count, worst))
    return units, ends
