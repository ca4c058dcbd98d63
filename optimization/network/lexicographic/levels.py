"""Solves the joint plan goal by goal, each with what the earlier ones reached.

Where it agrees with the rest of the science, and where not:

- One item-location without caps or borrowing: its shares are the closed form's of allocation; with
  whole units each differs by less than one, for the closed form rounds and this splits exactly.
- With caps and borrowing they differ on purpose: here a loan serves as well as a quota does, and a
  later tier may own less so that the pool can lend more; allocation lends only what nobody else
  could own, for a cap protects the others.
- The network model at scale, with demand known for certain and every tier worth more than all that
  the later ones could win, followed by allocation: it reaches the same promises, the same unmet demand by
  tier and the same cost as this does without fairness; the same fences where stock stands where the
  segment wants it, for a fence over all locations may be filled by stock that is idle elsewhere. It
  knows no fairness between locations, no borrowing and no churn.
- With uncertain demand they differ on purpose: at scale a unit stands where it saves most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimization.errors import AuditError, SolverError
from optimization.network.lexicographic.case import Case, Numbers, Shares, breach
from optimization.network.lexicographic.goals import Goal, goals_of, is_not_worse, measure
from optimization.network.lexicographic.model import build, model_data
from optimization.solver.finite import require_finite
from optimization.solver.highs import solve
from optimization.solver.matrix import matrix_of

_SLACK = 1e-7
_ALLOWED_BREACH = 1e-5


@dataclass(frozen=True)
class Solved:
    """The plan, how much of every goal it leaves undone, and how many models that took."""

    shares: Shares
    goals: tuple[Goal, ...]
    measured: Numbers
    solves: int


def solve_goals(case: Case, fair: bool = True) -> Solved:
    """The best plan of a small case, first by the first goal, then by the second, and so on.

    Without `fair` the goals of fairness are measured and not sought. Raises `SolverError` when a goal
    is not solved to its optimum and `AuditError` when the plan breaks what no goal may buy.
    """
    _require_numbers(case)
    goals = goals_of(case)
    sought = [goal for goal in goals if fair or goal.kind != "fairness"]
    settled: list[tuple[Goal, float]] = []
    solves = 0
    for goal in (*sought, None):
        model = build(model_data(case, tuple(settled), _SLACK), goal)
        if goal is not None and not model.goal.expr.is_potentially_variable():
            # There is nothing to be left undone, or no choice about it.
            continue
        solves += 1
        name = "tie-break" if goal is None else f"{goal.kind} {goal.tier} {goal.rank}"
        matrix = matrix_of(model, f"joint plan, {name}")
        answer = solve(matrix)
        if answer.status != "OPTIMAL":
            raise SolverError(
                f"{matrix.name} ended as {answer.detail} after {len(settled)} of {len(sought)} goals; "
                "report the case"
            )
        if goal is not None:
            settled.append((goal, float(answer.objective)))
    shares = _shares(case, matrix.columns, answer.values)
    worst = breach(case, shares)
    if worst > _ALLOWED_BREACH * max(1.0, float(np.abs(answer.values).max(initial=0.0))):
        raise AuditError(f"the joint plan breaks its rules by {worst:.6g}; nothing may be published")
    return Solved(shares, goals, measure(case, shares), solves)


def price_of_fairness(case: Case) -> float:
    """What fairness within the tiers costs, money: the plan's cost less that of the plan without it."""
    at = goals_of(case).index(Goal("cost"))
    return float(solve_goals(case).measured[at] - solve_goals(case, fair=False).measured[at])


def require_best(case: Case, solved: Solved, others: Mapping[str, Shares]) -> None:
    """Raise `AuditError` when another plan that breaks nothing is better goal by goal."""
    for name, shares in others.items():
        if breach(case, shares) > _ALLOWED_BREACH:
            continue
        measured = measure(case, shares)
        if not is_not_worse(solved.measured, measured):
            raise AuditError(
                f"{name} measures {measured.tolist()} where the joint plan measures "
                f"{solved.measured.tolist()}; nothing may be published: report the case"
            )


def _require_numbers(case: Case) -> None:
    unlimited = ("cap", "lane_capacity", "space")
    own = {name: value for name, value in case.__dict__.items() if isinstance(value, np.ndarray)}
    require_finite(
        "joint plan",
        {
            name: np.where(np.isposinf(value), 0.0, value) if name in unlimited else value
            for name, value in own.items()
        },
    )


def _shares(case: Case, columns: Sequence[tuple[str, Any]], values: Numbers) -> Shares:
    found = {
        "lots": np.zeros(len(case.source)),
        "own": np.zeros(case.demand.shape),
        "borrowed": np.zeros(case.demand.shape),
    }
    for (family, index), value in zip(columns, values.tolist(), strict=True):
        if family in found:
            found[family][index] = value
    return Shares(**found)
