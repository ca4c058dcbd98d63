"""The year without the program: what demand needs month by month, whatever is scarce.

It stands in where the program has no optimum or its plan fails the audit, so that a day is not stopped by
the year. No limit is heeded and nothing is priced; what would go over is told.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from optimization.planning.annual.audit import Audit, audited, objective_of, region_volume
from optimization.planning.annual.model import YearPlan
from optimization.planning.annual.problem import AnnualProblem
from optimization.solver.solution import Solution

Numbers = npt.NDArray[np.float64]

METHOD = "needs_without_limits"
# What a plan without limits still has to keep.
_KEPT = ("balance", "safety", "sign", "objective")


def needed_plan(problem: AnnualProblem, reason: str) -> YearPlan:
    """Buy what demand and safety stock ask for at each level: x_t = (D_t + safety − i_{t−1})⁺, none lost.

    Planned is the expectation over the levels; there are no prices (NaN). The bound is that of a year in
    which nothing costs anything, −Σ π·margin·D. Stock above a limit stands in `space_over`, `cash_over`.
    """
    levels, groups, months = problem.shape
    bought, stock = np.zeros((levels, groups, months)), np.zeros((levels, groups, months))
    before = np.broadcast_to(problem.opening_units, (levels, groups))
    for month in range(months):
        wanted = problem.demand[:, :, month] + problem.safety_units
        bought[:, :, month] = np.maximum(wanted - before, 0.0)
        before = before + bought[:, :, month] - problem.demand[:, :, month]
        stock[:, :, month] = before
    nothing = np.full(months, np.nan)
    room = np.where(np.isfinite(problem.space_m3), problem.space_m3, np.inf)[None, :, None]
    limit = np.inf if problem.parameters.cash_limit is None else problem.parameters.cash_limit
    plan = YearPlan(
        planned=np.einsum("s,sgt->gt", problem.probability, bought),
        overtime=np.zeros(months),
        bought=bought,
        stock=stock,
        lost=np.zeros_like(stock),
        gap=np.zeros_like(stock),
        space_over=np.maximum(region_volume(problem, stock) - room, 0.0),
        cash_over=np.maximum(np.einsum("g,sgt->st", problem.unit_cost, stock) - limit, 0.0),
        capacity_price=nothing,
        overtime_price=nothing,
        option_price=np.full((len(problem.options), months), np.nan),
        space_price=np.full((len(problem.regions), months), np.nan),
        cash_price=nothing,
        solution=Solution("FAILED", reason, np.empty(0), np.nan, np.nan, np.nan, np.nan, "none"),
        row_count=0,
        column_count=0,
    )
    objective = objective_of(problem, plan)
    bound = -float(np.einsum("s,g,sgt->", problem.probability, problem.margin, problem.demand))
    gap = max(objective - bound, 0.0) / max(abs(objective), 1.0)
    solution = replace(plan.solution, objective=objective, bound=bound, relative_gap=gap, max_violation=0.0)
    return replace(plan, solution=solution)


def audited_needs(problem: AnnualProblem, plan: YearPlan) -> Audit:
    """Audit of a plan without limits: the rows that it has to keep."""
    audit = audited(problem, plan)
    return Audit({name: audit.breaches[name] for name in _KEPT}, audit.objective)
