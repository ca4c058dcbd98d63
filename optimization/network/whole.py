"""A network problem solved in one piece: for sizes at which one item is large against a coupling row.

A linear program on the exact curves gives the bound and its prices; the few items that it splits are
settled by branch and bound over what lies near its answer. Small problems are stated in Pyomo, larger
ones in arrays; both make the same matrix. Lots, minima and fixed costs are settled in `lots`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from optimization.errors import SolverError
from optimization.network.costs import nothing_plan, row_use
from optimization.network.lattice import Lattice, as_plan, between, ceiling_to, floor_to, quantities, spread
from optimization.network.model.assembly import Layout, assembled, layout_of, problem_name
from optimization.network.model.model_data import ModelData, model_data
from optimization.network.model.pieces import Pieces, cut
from optimization.network.model.pyomo_model import build
from optimization.network.model.read_back import in_layout, plan_from, proof_from
from optimization.network.outcomes import outcome
from optimization.network.own_rows import OwnRows, own_row_numbers
from optimization.network.problem import Numbers, Outcome, Plan, Problem, Proof
from optimization.network.proof.certificate import certified_bound
from optimization.network.subsets import ItemIndex, of_items
from optimization.network.worth_changing import by_promise
from optimization.parameters import NetworkParameters
from optimization.solver.highs import solve
from optimization.solver.matrix import MatrixModel, matrix_of
from optimization.solver.solution import Solution

_WHOLE = 1e-6
# The linear program is exact when its bound is this close to its answer.
_EXACT = 1e-7
_MOST_ROUNDS = 8
_WIDTH = 4
# Quantities that branch and bound may change by a step, the most promising ones; while the gap stays open
# it looks again around its answer, which splits nothing and so is searched at a fraction of the work.
_FREE_QUANTITIES, _MORE_FREE, _FREE_WITH_LOTS = 300, (600, 1_000, 3_000), 1_000
_TINY_COLUMNS, _TINY_NODES = 2_000, 300
# The solver room aims at a tenth of the gap that it is allowed.
_SEARCH_GAPS, _SEARCH_NODES = 2.0, 200


def solve_whole(problem: Problem, parameters: NetworkParameters, own: OwnRows | None = None) -> Outcome:
    """Solve in one piece: a relaxed answer, and the best allowed quantities around it.

    The relaxed problem has every whole unit and spreads charges over the largest quantity. The bound is
    its own on the exact curves, proven by the outcome's prices and those of the user's own rows. Raises
    `SolverError` when the linear program has no answer, which slack on every row does not allow, but own
    rows may.
    """
    linear, proof = linear_optimum(spread(problem), parameters, own)
    lattice = Lattice.of(problem)
    is_coarse = bool(lattice.is_coarse.any())
    plan = linear
    if any((part != np.round(part)).any() for part in (linear.moved, linear.ordered)) or is_coarse or own:
        plan = whole_plan(problem, linear, proof, parameters, own=own)
    found = outcome(problem, plan, proof, "whole")
    for free in _MORE_FREE:
        # What lots leave open is rather settled item by item than by a larger search.
        too_many = is_coarse and free > _FREE_WITH_LOTS
        if found.relative_gap <= parameters.max_relative_gap or too_many:
            break
        plan = whole_plan(problem, found.plan, proof, parameters, free, own)
        found = min(found, outcome(problem, plan, proof, "whole"), key=lambda each: each.objective)
    return found


def solve_tiny(problem: Problem, parameters: NetworkParameters) -> Outcome | None:
    """`solve_exactly`, or None when it has more than 2,000 columns or is not solved within the gap."""
    if exact_column_count(problem) > _TINY_COLUMNS:
        return None
    found = solve_exactly(problem, parameters)
    return found if found.relative_gap <= parameters.max_relative_gap else None


def exact_column_count(problem: Problem) -> int:
    """Columns of the model that `solve_exactly` searches."""
    return _column_count(layout_of(model_data(problem, cut(problem), whole=True)))


def solve_exactly(problem: Problem, parameters: NetworkParameters, own: OwnRows | None = None) -> Outcome:
    """Search a problem with all its lots, minima and fixed costs in one piece, every whole unit a knot.

    The bound is branch and bound's where it lies above that of the linear program, whose prices are the
    proof.
    """
    _, proof = linear_optimum(spread(problem), parameters, own)
    data, values, solution = _solved(problem, cut(problem), parameters, "exact", own)
    plan = plan_from(data, layout_of(data), values[0])
    plan = Plan(np.round(plan.moved), np.round(plan.ordered))
    bound = max(proof.bound, solution.bound)
    return outcome(problem, plan, replace(proof, bound=bound), "whole")


def linear_optimum(
    problem: Problem, parameters: NetworkParameters, own: OwnRows | None = None
) -> tuple[Plan, Proof]:
    """The optimum with parts of units, on the exact curves, and the prices that prove it.

    Curves are first cut coarsely, then at every unit near each answer. Secants lie above the curves, so
    the answer costs at least the optimum, and the certificate at most: when they meet, both are it.
    """
    pieces = cut(problem, most_knots=parameters.max_knots)
    best = -np.inf, nothing_plan(problem), Proof(-np.inf, *(np.zeros(0) for _ in range(3)))
    for _ in range(_MOST_ROUNDS):
        data, values, solution = _solved(problem, pieces, parameters, "linear", own)
        layout = layout_of(data)
        plan = plan_from(data, layout, values[0])
        proof = proof_from(data, layout, values[1], -np.inf)
        bound = certified_bound(problem, proof).total
        if own is not None:
            bound = max(bound, own.bound(problem, proof, values[2]))
        if bound > best[0]:
            best = bound, plan, replace(proof, bound=bound)
        if solution.objective - best[0] <= _EXACT * max(abs(solution.objective), 1.0):
            break
        pieces = cut(problem, around=plan, width=_WIDTH)
    return best[1], best[2]


def whole_plan(
    problem: Problem,
    near: Plan,
    proof: Proof,
    parameters: NetworkParameters,
    free_quantities: int = _FREE_QUANTITIES,
    own: OwnRows | None = None,
) -> Plan:
    """A plan in allowed quantities near a given one: the best within a step where that may pay.

    What is split or most promising at the proof's prices may change; the rest stays, rounded down.
    Own rows may leave nothing there: then everything is free.
    """
    lattice, near_quantity = Lattice.of(problem), quantities(near)
    start = floor_to(near_quantity + _WHOLE, lattice.least, lattice.step)
    is_split = np.abs(near_quantity - start) > 2.0 * _WHOLE
    rank = by_promise(problem, start, proof.row_price)
    rank = rank[np.argsort(~is_split[rank], kind="stable")]
    usable = rank[lattice.most[rank] > 0]
    is_free = np.zeros(len(start), dtype=np.bool_)
    is_free[usable[: max(free_quantities, 2 * int(is_split.sum()))]] = True
    step = np.where(is_free, lattice.step, 0.0)
    low = floor_to(np.maximum(start - step, 0.0), lattice.least, lattice.step)
    high = np.minimum(
        ceiling_to(start + step + is_split * lattice.step, lattice.least, lattice.step), lattice.most
    )
    high = np.maximum(high, low)
    if own is None:
        return _best_between(problem, low, high, parameters)
    try:
        return _best_with(problem, low, high, near, parameters, own)
    except SolverError:
        return _best_with(problem, np.zeros_like(high), lattice.most, near, parameters, own)


def _best_with(
    problem: Problem, low: Numbers, high: Numbers, near: Plan, parameters: NetworkParameters, own: OwnRows
) -> Plan:
    """The best plan between two that keeps the user's own rows, which see all quantities as they are."""
    pieces = cut(problem, around=near, width=_WIDTH)
    data, values, _ = _solved(problem, pieces, parameters, "near", own, (low, high))
    plan = plan_from(data, layout_of(data), values[0])
    return Plan(np.round(plan.moved), np.round(plan.ordered))


def _best_between(problem: Problem, low: Numbers, high: Numbers, parameters: NetworkParameters) -> Plan:
    """The best plan between two; items with nothing to choose only take room in the rows."""
    item = np.concatenate([problem.places.item[problem.moves.source], problem.places.item])
    chosen = np.unique(item[high > low])
    if not len(chosen):
        return as_plan(problem, low)
    part = of_items(problem, ItemIndex.of(problem), chosen)
    at = np.concatenate([part.moves, len(problem.moves) + part.places])
    others = low.copy()
    others[at] = 0.0
    used = row_use(problem, as_plan(problem, others))
    own = replace(part.problem, rows=replace(problem.rows, base_use=used))
    narrow = between(own, low[at], high[at], with_lots=True)
    data, values, _ = _solved(narrow, cut(narrow), parameters, "near")
    best = low.copy()
    best[at] += np.round(quantities(plan_from(data, layout_of(data), values[0])))
    return as_plan(problem, best)


Search = Literal["linear", "near", "exact"]
"""Parts of units; whole units near a plan, within a gap; whole units, proven."""


def _solved(
    problem: Problem,
    pieces: Pieces,
    parameters: NetworkParameters,
    search: Search,
    own: OwnRows | None = None,
    within: tuple[Numbers, Numbers] | None = None,
) -> tuple[ModelData, tuple[Numbers, Numbers, Numbers], Solution]:
    """Values and row duals in the order of the layout, and duals of own rows in theirs.

    `within`: quantities (m + n) between which the answer must lie; only with own rows.
    """
    data = model_data(problem, pieces, whole=search != "linear")
    layout = layout_of(data)
    none: Numbers = np.zeros(0)
    if own is None and _column_count(layout) > parameters.max_pyomo_columns:
        solution = _answer(assembled(data)[0], parameters, search)
        return data, (solution.values, solution.row_dual, none), solution
    model = matrix_of(build(data, own.add if own else None), problem_name(data))
    if own is not None and search == "linear":
        model = replace(model, is_integer=np.zeros_like(model.is_integer))
    if within is not None:
        model = _within(model, *within, len(problem.moves))
    solution = _answer(model, parameters, search)
    values, row_dual = in_layout(layout, model, solution.values, solution.row_dual)
    if own is not None and len(solution.row_dual):
        none = solution.row_dual[own_row_numbers(layout, model)]
    return data, (values, row_dual, none), solution


def _within(model: MatrixModel, low: Numbers, high: Numbers, move_count: int) -> MatrixModel:
    """The model with its moves and orders between two vectors of quantities (m + n)."""
    first = {"moved": 0, "ordered": move_count}
    named = [
        (at, first[family] + index) for at, (family, index) in enumerate(model.columns) if family in first
    ]
    column, quantity = np.array(named, dtype=np.int64).reshape(-1, 2).T
    lower, upper = model.column_lower.copy(), model.column_upper.copy()
    lower[column], upper[column] = low[quantity], high[quantity]
    return replace(model, column_lower=lower, column_upper=upper)


def _column_count(layout: Layout) -> int:
    return max(span.stop for span in layout.columns.values())


def _answer(model: MatrixModel, parameters: NetworkParameters, search: Search) -> Solution:
    if search == "near":
        # A whole answer without slack is nearly always there, and sooner found when nothing else is sought.
        is_slack = np.array([family == "slack" for family, _ in model.columns])
        hard = replace(model, column_upper=np.where(is_slack, 0.0, model.column_upper))
        gap = _SEARCH_GAPS * parameters.max_relative_gap
        for each in (hard, model):
            solution = solve(
                each, gap, _SEARCH_NODES, max_seconds=parameters.guard_seconds, with_heuristics=True
            )
            if solution.has_values:
                return solution
    else:
        solution = solve(
            model,
            0.0,
            _TINY_NODES,
            max_seconds=parameters.guard_seconds,
            with_heuristics=search == "exact",
        )
    if not solution.has_values:
        raise SolverError(
            f"{model.name}: the solver ended as {solution.status} ({solution.detail}) although every "
            "row of the model has slack; look at rows of your own (network.user_rows) that contradict each "
            "other or the limits, and for costs or capacities of extreme size"
        )
    return solution
