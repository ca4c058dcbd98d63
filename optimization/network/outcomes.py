"""A plan and its proof as an outcome: objective, slack, and the status that they bear out."""

from __future__ import annotations

import numpy as np

from optimization.network.costs import plan_cost, row_use
from optimization.network.problem import Outcome, Plan, Problem, Proof, Status

_PROVEN = 1e-6
# A row is over its capacity by more than the rounding of sums.
_OVER = 1e-9


def outcome(
    problem: Problem,
    plan: Plan,
    proof: Proof,
    engine: str,
    detail: str = "",
    allowed_gap: float = np.inf,
) -> Outcome:
    """Work out objective, slack and status of a plan; `detail` says more than the status.

    A proven gap above `allowed_gap` is GAP_OPEN; an engine leaves that to whoever called it.
    """
    cost, capacity = plan_cost(problem, plan).objective, problem.rows.capacity
    over = row_use(problem, plan) - capacity
    slack = np.where(over > _OVER * np.maximum(np.abs(capacity), 1.0), over, 0.0)
    gap = (cost - proof.bound) / max(abs(cost), 1e-9)
    status: Status = "OPTIMAL" if gap <= _PROVEN else "WITHIN_GAP" if gap <= allowed_gap else "GAP_OPEN"
    if slack.any() and status != "GAP_OPEN":
        status = "FEASIBLE_WITH_SLACK"
    rows = int((proof.row_price > 0).sum())
    return Outcome(
        plan,
        proof,
        status,
        detail or f"gap {max(gap, 0.0):.3g}, {rows} rows with a price",
        engine,
        cost,
        slack,
    )
