"""A year's plan against its problem, in numpy: nothing of the model or its matrix is used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.planning.annual.model import YearPlan
from optimization.planning.annual.problem import AnnualProblem

Numbers = npt.NDArray[np.float64]
# Relative to the size of the row.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Audit:
    """Worst breach by family, relative to the row's size, and the objective recomputed, money."""

    breaches: dict[str, float]
    objective: float

    @property
    def worst(self) -> float:
        """The largest breach of all."""
        return max(self.breaches.values())

    @property
    def is_passed(self) -> bool:
        """Whether every family is kept and the objective is the solver's."""
        return self.worst <= TOLERANCE


def audited(problem: AnnualProblem, plan: YearPlan) -> Audit:
    """Recompute every row and the objective from the plan's own numbers."""
    limits = problem.parameters
    bought, stock = plan.bought, plan.stock
    opening = np.broadcast_to(problem.opening_units[None, :, None], (*stock.shape[:2], 1))
    before = np.concatenate([opening, stock[:, :, :-1]], axis=2)
    served = problem.demand - plan.lost
    band = limits.buy_flexibility * plan.planned
    breaches = {
        "balance": _over(np.abs(before + bought - served - stock), problem.demand + before),
        "near_plan": _over(np.abs(bought - plan.planned) - band, plan.planned),
        "safety": _over(problem.safety_units[None, :, None] - stock - plan.gap, stock),
        "sign": max(
            _over(-values, np.abs(values))
            for values in (plan.planned, plan.overtime, bought, stock, plan.lost, plan.gap, served)
        ),
    }
    if limits.capacity_units is not None:
        used = bought.sum(axis=1)
        breaches["capacity"] = _over(used - limits.capacity_units - plan.overtime, used)
        breaches["overtime"] = _over(plan.overtime - limits.overtime_units, plan.overtime)
    if len(problem.options):
        used = option_units(problem, bought)
        breaches["option"] = _over(used - problem.option_limit[None, :, None], used)
    volume = region_volume(problem, stock)
    limited = np.isfinite(problem.space_m3)
    room = np.where(limited, problem.space_m3, 0.0)[None, :, None] + plan.space_over
    breaches["space"] = _over((volume - room)[:, limited], volume[:, limited])
    if limits.cash_limit is not None:
        value = np.einsum("g,sgt->st", problem.unit_cost, stock)
        breaches["cash"] = _over(value - limits.cash_limit - plan.cash_over, value)
    if limits.mix_change_share is not None:
        by_category = np.bincount(
            problem.category, weights=plan.planned.sum(axis=1), minlength=len(problem.categories)
        )
        need = problem.need_share * by_category.sum()
        breaches["mix"] = _over(np.abs(by_category - need) - limits.mix_change_share * need, need)
    objective = objective_of(problem, plan)
    size = max(abs(objective), 1.0)
    breaches["objective"] = abs(objective - plan.solution.objective) / size
    return Audit(breaches, objective)


def objective_of(problem: AnnualProblem, plan: YearPlan) -> float:
    """Expected cost less margin, money; what gave way at its price."""
    per_unit = {
        "stock": problem.holding_cost,
        "lost": problem.margin + problem.shortage_cost,
        "gap": problem.gap_price,
    }
    total = sum(
        float(np.einsum("s,g,sgt->", problem.probability, price, getattr(plan, name)))
        for name, price in per_unit.items()
    )
    total -= float(np.einsum("s,g,sgt->", problem.probability, problem.margin, problem.demand))
    total += problem.parameters.overtime_unit_cost * float(plan.overtime.sum())
    total += problem.space_slack_price * float(np.einsum("s,srt->", problem.probability, plan.space_over))
    return total + problem.cash_slack_price * float(np.einsum("s,st->", problem.probability, plan.cash_over))


def region_volume(problem: AnnualProblem, stock: Numbers) -> Numbers:
    """Volume in stock (S, regions, T), m3."""
    is_in = problem.region[None, :] == np.arange(len(problem.regions))[:, None]
    volume: Numbers = np.einsum("rg,g,sgt->srt", is_in.astype(np.float64), problem.volume_m3, stock)
    return volume


def option_units(problem: AnnualProblem, bought: Numbers) -> Numbers:
    """Units bought with each option (S, options, T)."""
    units: Numbers = np.einsum("kg,sgt->skt", problem.option_use, bought)
    return units


def _over(breach: Numbers, size: Numbers) -> float:
    return float(np.max(breach / np.maximum(1.0, np.abs(size)), initial=0.0))
