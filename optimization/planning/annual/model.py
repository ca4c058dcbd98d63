"""The year's linear program in Pyomo, and its solution through the checked solver.

Decided before demand is known: planned purchases q (which are the mix) and overtime o. Once it is known,
level by level s: purchases x near q, stock i, demand lost l, safety stock missing f. Least expected

    Σ_s π_s Σ_gt [ holding·i + shortage·l + gap·f − margin·(D − l) ] + Σ_t overtime·o

subject to the families below. Space and cash give way at a price far above any gain, because stock that
is there cannot be wished away; what gave way is reported. Purchases arrive in their month; minimums and
lots are the daily plan's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from optimization.errors import SolverError
from optimization.planning.annual.problem import AnnualProblem
from optimization.solver.finite import require_finite
from optimization.solver.highs import solve
from optimization.solver.matrix import MatrixModel, matrix_of
from optimization.solver.solution import Solution

Numbers = npt.NDArray[np.float64]
MODEL = "annual_plan"


@dataclass(frozen=True)
class YearPlan:
    """What the program says: (g, T) `planned`, (T,) `overtime`, the rest (S, g, T), units.

    `space_over` (S, regions, T) m3 and `cash_over` (S, T) money gave way. Prices are what one more unit of
    a limit gains over the year, money: `capacity_price`, `overtime_price`, `cash_price` (T,),
    `option_price` (options, T), `space_price` (regions, T); NaN where there is no limit.
    """

    planned: Numbers
    overtime: Numbers
    bought: Numbers
    stock: Numbers
    lost: Numbers
    gap: Numbers
    space_over: Numbers
    cash_over: Numbers
    capacity_price: Numbers
    overtime_price: Numbers
    option_price: Numbers
    space_price: Numbers
    cash_price: Numbers
    solution: Solution
    row_count: int
    column_count: int


def balance(m: Any, s: int, g: int, t: int) -> Any:
    """Stock at the end = before + bought − demand served."""
    before = m.stock[s, g, t - 1] if t else float(m.p.opening_units[g])
    return m.stock[s, g, t] == before + m.bought[s, g, t] - (float(m.p.demand[s, g, t]) - m.lost[s, g, t])


def near_plan_above(m: Any, s: int, g: int, t: int) -> Any:
    """No more than the planned purchase and its flexibility."""
    return m.bought[s, g, t] <= (1.0 + m.p.parameters.buy_flexibility) * m.planned[g, t]


def near_plan_below(m: Any, s: int, g: int, t: int) -> Any:
    """No less than the planned purchase less its flexibility."""
    return m.bought[s, g, t] >= (1.0 - m.p.parameters.buy_flexibility) * m.planned[g, t]


def safety(m: Any, s: int, g: int, t: int) -> Any:
    """Safety stock is there, or missing at its price."""
    return m.stock[s, g, t] + m.gap[s, g, t] >= float(m.p.safety_units[g])


def capacity(m: Any, s: int, t: int) -> Any:
    """All purchases of a month within the capacity and the overtime committed to."""
    units = sum(m.bought[s, g, t] for g in m.group)
    return units <= float(m.p.parameters.capacity_units) + m.overtime[t]


def option(m: Any, s: int, k: int, t: int) -> Any:
    """Units with an option within what can be had of it."""
    use = m.p.option_use[k]
    units = sum(float(use[g]) * m.bought[s, g, t] for g in m.group if use[g] > 0)
    return units <= float(m.p.option_limit[k])


def space(m: Any, s: int, r: int, t: int) -> Any:
    """Volume in stock within the region's space."""
    volume = sum(float(m.p.volume_m3[g]) * m.stock[s, g, t] for g in m.groups_of[r] if m.p.volume_m3[g] > 0)
    return volume <= float(m.p.space_m3[r]) + m.space_over[s, r, t]


def cash(m: Any, s: int, t: int) -> Any:
    """Stock at cost within the cash limit."""
    value = sum(float(m.p.unit_cost[g]) * m.stock[s, g, t] for g in m.group)
    return value <= float(m.p.parameters.cash_limit) + m.cash_over[s, t]


def _share(m: Any, c: int) -> Any:
    own = sum(m.planned[g, t] for g in m.group if m.p.category[g] == c for t in m.month)
    return own, sum(m.planned[g, t] for g in m.group for t in m.month)


def mix_above(m: Any, c: int) -> Any:
    """A category's share of the year's purchases not far above its share of what is needed."""
    own, whole = _share(m, c)
    return own <= (1.0 + m.p.parameters.mix_change_share) * float(m.p.need_share[c]) * whole


def mix_below(m: Any, c: int) -> Any:
    """Nor far below."""
    own, whole = _share(m, c)
    return own >= (1.0 - m.p.parameters.mix_change_share) * float(m.p.need_share[c]) * whole


def build(problem: AnnualProblem) -> Any:
    """State the program. Raises `NonFiniteInputError` before a model exists for a number that is none."""
    import pyomo.environ as pyo

    require_finite(
        MODEL,
        {
            name: getattr(problem, name)
            for name in (
                "unit_cost", "margin", "shortage_cost", "holding_cost", "gap_price", "volume_m3",
                "opening_units", "safety_units", "demand", "probability", "option_use", "option_limit",
            )
        },
    )  # fmt: skip
    levels, groups, months = problem.shape
    limits = problem.parameters
    m = pyo.ConcreteModel()
    m.p = problem
    m.level, m.group, m.month = range(levels), range(groups), range(months)
    m.groups_of = [np.flatnonzero(problem.region == r).tolist() for r in range(len(problem.regions))]
    every = [(s, g, t) for s in m.level for g in m.group for t in m.month]
    spaces = [
        (s, r, t)
        for s in m.level
        for r in np.flatnonzero(~np.isnan(problem.space_m3)).tolist()
        for t in m.month
    ]
    by_month = [(s, t) for s in m.level for t in m.month]
    has_capacity, has_cash = limits.capacity_units is not None, limits.cash_limit is not None
    overtime = limits.overtime_units if has_capacity else 0.0

    m.planned = pyo.Var(m.group, m.month, domain=pyo.NonNegativeReals)
    m.overtime = pyo.Var(m.month, bounds=(0.0, overtime))
    m.bought = pyo.Var(every, domain=pyo.NonNegativeReals)
    m.stock = pyo.Var(every, domain=pyo.NonNegativeReals)
    m.lost = pyo.Var(every, bounds=lambda _, s, g, t: (0.0, float(problem.demand[s, g, t])))
    m.gap = pyo.Var(every, bounds=lambda _, s, g, t: (0.0, float(problem.safety_units[g])))
    m.space_over = pyo.Var(spaces, domain=pyo.NonNegativeReals)
    m.cash_over = pyo.Var(by_month if has_cash else [], domain=pyo.NonNegativeReals)
    families: Mapping[str, tuple[Any, list[Any]]] = {
        "balance": (balance, every),
        "near_plan_above": (near_plan_above, every),
        "near_plan_below": (near_plan_below, every),
        "safety": (safety, [key for key in every if problem.safety_units[key[1]] > 0]),
        "capacity": (capacity, by_month if has_capacity else []),
        "option": (
            option,
            [
                (s, k, t)
                for s in m.level
                for k in np.flatnonzero(problem.option_use.max(axis=1, initial=0.0) > 0).tolist()
                for t in m.month
            ],
        ),
        "space": (space, spaces),
        "cash": (cash, by_month if has_cash else []),
        "mix_above": (mix_above, _mixed(problem)),
        "mix_below": (mix_below, _mixed(problem)),
    }
    for name, (rule, index) in families.items():
        setattr(m, name, pyo.Constraint(index, rule=rule))
    m.goal = pyo.Objective(expr=_goal(m, every, spaces, by_month if has_cash else []))
    return m


def solve_year(problem: AnnualProblem) -> YearPlan:
    """Solve the program and read plan and prices. Raises `SolverError` where it is not optimal."""
    matrix = matrix_of(build(problem), MODEL)
    solution = solve(matrix, with_duals=True)
    if not solution.is_solved:
        raise SolverError(f"the annual plan ended as {solution.status}: {solution.detail}")
    return _read(problem, matrix, solution)


def _mixed(problem: AnnualProblem) -> list[int]:
    if problem.parameters.mix_change_share is None:
        return []
    return list(range(len(problem.categories)))


def _goal(m: Any, every: list[Any], spaces: list[Any], cashes: list[Any]) -> Any:
    p, probability = m.p, m.p.probability.tolist()
    missed = (p.margin + p.shortage_cost).tolist()
    holding, gap = p.holding_cost.tolist(), p.gap_price.tolist()
    terms = [
        probability[s]
        * (holding[g] * m.stock[s, g, t] + missed[g] * m.lost[s, g, t] + gap[g] * m.gap[s, g, t])
        for s, g, t in every
    ]
    terms += [probability[s] * p.space_slack_price * m.space_over[s, r, t] for s, r, t in spaces]
    terms += [probability[s] * p.cash_slack_price * m.cash_over[s, t] for s, t in cashes]
    terms += [p.parameters.overtime_unit_cost * m.overtime[t] for t in m.month]
    # Margin of all demand; what is lost gives its margin back above.
    served = float(np.einsum("s,g,sgt->", p.probability, p.margin, p.demand))
    return sum(terms) - served


def _read(problem: AnnualProblem, matrix: MatrixModel, solution: Solution) -> YearPlan:
    levels, groups, months = problem.shape
    regions, options = len(problem.regions), len(problem.options)
    shapes: dict[str, tuple[int, ...]] = {
        "planned": (groups, months),
        "overtime": (months,),
        **dict.fromkeys(("bought", "stock", "lost", "gap"), (levels, groups, months)),
        "space_over": (levels, regions, months),
        "cash_over": (levels, months),
    }
    found = {name: np.zeros(shape) for name, shape in shapes.items()}
    overtime_price = np.zeros(months)
    for (family, index), value, reduced in zip(
        matrix.columns, solution.values.tolist(), solution.reduced_cost.tolist(), strict=True
    ):
        found[family][index] = value
        if family == "overtime":
            overtime_price[index] = max(-reduced, 0.0) + 0.0
    dual = dict(zip(matrix.row_names, solution.row_dual.tolist(), strict=True))
    limits = problem.parameters
    has_overtime = limits.capacity_units is not None and limits.overtime_units > 0
    nothing = np.full(months, np.nan)

    def price(family: str, *place: int) -> Numbers:
        """A unit more of a limit counts at every level of demand; the duals carry their probabilities."""
        names = [
            [f"{family}[{','.join(map(str, (s, *place, t)))}]" for s in range(levels)] for t in range(months)
        ]
        # A limit that nothing in the model uses has no row, and one more of it gains nothing.
        return np.array([max(-sum(dual.get(name, 0.0) for name in each), 0.0) + 0.0 for each in names])

    return YearPlan(
        **found,
        capacity_price=price("capacity") if limits.capacity_units is not None else nothing,
        overtime_price=overtime_price if has_overtime else nothing,
        option_price=np.array([price("option", k) for k in range(options)]).reshape(options, months),
        space_price=np.array(
            [price("space", r) if np.isfinite(problem.space_m3[r]) else nothing for r in range(regions)]
        ).reshape(regions, months),
        cash_price=price("cash") if limits.cash_limit is not None else nothing,
        solution=solution,
        row_count=matrix.row_count,
        column_count=matrix.column_count,
    )
