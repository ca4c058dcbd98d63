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
from optimization.network.lots.priced import reduced_costs
from optimization.network.model.assembly import Layout, assembled, layout_of, problem_name
from optimization.network.model.model_data import ModelData, model_data
from optimization.network.model.pieces import Pieces, cut
from optimization.network.model.pyomo_model import build
from optimization.network.model.read_back import in_layout, plan_from, proof_from
from optimization.network.outcomes import outcome
from optimization.network.problem import Numbers, Outcome, Plan, Problem, Proof
from optimization.network.proof.certificate import certified_bound
from optimization.network.subsets import ItemIndex, of_items
from optimization.parameters import NetworkParameters
from optimization.solver.highs import solve
from optimization.solver.matrix import MatrixModel, matrix_of
from optimization.solver.solution import Solution

_WHOLE = 1e-6
# The linear program is exact when its bound is this close to its answer.
_EXACT = 1e-7
_MOST_ROUNDS = 8
_WIDTH = 4
# Quantities that branch and bound may change, and by how many units: what is worth changing has a
# reduced cost near 0, and a fractional answer is never far from a good whole one.
# More are free where the gap stays open.
_FREE_QUANTITIES, _MORE_FREE = 1_000, 3_000
_STEP = 1.0
_TINY_COLUMNS, _TINY_NODES = 2_000, 300
# The solver room aims at a tenth of the gap that it is allowed.
_SEARCH_GAPS, _SEARCH_NODES = 2.0, 200


def solve_whole(problem: Problem, parameters: NetworkParameters) -> Outcome:
    """Solve in one piece, every whole unit allowed and fixed costs spread over the largest quantity.

    The bound is that of the exact curves, proven by the outcome's own prices. Raises `SolverError` when
    the linear program has no answer, which slack on every row does not allow.
    """
    free = spread(problem)
    linear, proof = linear_optimum(free, parameters)
    plan = linear
    if any((part != np.round(part)).any() for part in (linear.moved, linear.ordered)):
        plan = whole_plan(free, linear, proof, parameters)
    found = outcome(free, plan, proof, "whole")
    usable = int((Lattice.of(free).most > 0).sum())
    if found.relative_gap > parameters.max_relative_gap and usable > _FREE_QUANTITIES:
        again = outcome(free, whole_plan(free, linear, proof, parameters, _MORE_FREE), proof, "whole")
        found = min(found, again, key=lambda each: each.objective)
    return found


def solve_tiny(problem: Problem, parameters: NetworkParameters) -> Outcome | None:
    """Solve a problem with all its lots, minima and fixed costs exactly, every whole unit a knot.

    None when the model has more than 2,000 columns or is not solved within the gap. The bound
    is branch and bound's where it lies above that of the linear program, whose prices are the proof.
    """
    pieces = cut(problem)
    if _column_count(layout_of(model_data(problem, pieces, whole=True))) > _TINY_COLUMNS:
        return None
    _, proof = linear_optimum(spread(problem), parameters)
    data, values, solution = _solved(problem, pieces, parameters, "exact")
    plan = plan_from(data, layout_of(data), values[0])
    plan = Plan(np.round(plan.moved), np.round(plan.ordered))
    bound = max(proof.bound, solution.bound)
    found = outcome(problem, plan, replace(proof, bound=bound), "whole")
    return found if found.relative_gap <= parameters.max_relative_gap else None


def linear_optimum(problem: Problem, parameters: NetworkParameters) -> tuple[Plan, Proof]:
    """The optimum with parts of units, on the exact curves, and the prices that prove it.

    Curves are first cut coarsely, then at every unit near each answer. Secants lie above the curves, so
    the answer costs at least the optimum, and the certificate at most: when they meet, both are it.
    """
    pieces = cut(problem, most_knots=parameters.max_knots)
    best = -np.inf, nothing_plan(problem), Proof(-np.inf, *(np.zeros(0) for _ in range(3)))
    for _ in range(_MOST_ROUNDS):
        data, values, solution = _solved(problem, pieces, parameters, "linear")
        layout = layout_of(data)
        plan = plan_from(data, layout, values[0])
        proof = proof_from(data, layout, values[1], -np.inf)
        bound = certified_bound(problem, proof).total
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
) -> Plan:
    """A plan in allowed quantities near a given one: the best within a step where a change costs little.

    What is worth changing has a reduced cost near 0 at the proof's prices; the rest stays, rounded down.
    """
    lattice, near_quantity = Lattice.of(problem), quantities(near)
    start = floor_to(near_quantity + _WHOLE, lattice.least, lattice.step)
    is_split = np.abs(near_quantity - start) > 2.0 * _WHOLE
    reduced = np.abs(reduced_costs(problem, proof))
    reduced[is_split] = -1.0
    rank = np.lexsort((np.arange(len(reduced)), reduced))
    usable = rank[lattice.most[rank] > 0]
    is_free = np.zeros(len(reduced), dtype=np.bool_)
    is_free[usable[: max(free_quantities, 2 * int(is_split.sum()))]] = True
    step = np.where(is_free, lattice.step, 0.0)
    low = floor_to(np.maximum(start - step, 0.0), lattice.least, lattice.step)
    high = np.minimum(ceiling_to(start + step * (1.0 + is_split), lattice.least, lattice.step), lattice.most)
    return _best_between(problem, low, np.maximum(high, low), parameters)


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
    problem: Problem, pieces: Pieces, parameters: NetworkParameters, search: Search
) -> tuple[ModelData, tuple[Numbers, Numbers], Solution]:
    """Values and row duals in the order of the layout."""
    data = model_data(problem, pieces, whole=search != "linear")
    layout = layout_of(data)
    is_small = _column_count(layout) <= parameters.max_pyomo_columns
    model = matrix_of(build(data), problem_name(data)) if is_small else assembled(data)[0]
    solution = _answer(model, parameters, search)
    answers = solution.values, solution.row_dual
    return data, in_layout(layout, model, *answers) if is_small else answers, solution


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
            "row has slack; look for costs or capacities of extreme size"
        )
    return solution
