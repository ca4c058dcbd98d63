"""A model in, a proven answer or the reason why there is none out: the door of the solver room.

What HiGHS says is not taken on trust. A point is audited against the matrix and the bound of a linear
program recomputed from its duals; infeasible takes the proof of a positive least slack, unbounded a
point and a ray. Only for whole numbers that nothing satisfies is the proof a second, different search.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimization.solver.audit import dual_bound, max_violation, relative_violation
from optimization.solver.call import Ending, Limits, call
from optimization.solver.elastic import conflict, crossed, has_ray
from optimization.solver.matrix import MatrixModel, Numbers
from optimization.solver.scaling import Scaling, scaled, unreadable
from optimization.solver.solution import Solution, Status

# A gap below this is the arithmetic of the solver, not a plan that could be better.
_PROVEN = 1e-6
_FEASIBLE = 1e-6
_NOISE, _ABSOLUTE_GAP = 1e-9, 1e-6
_UNCALLED = "none called"
_TROUBLE = ("kSolveError", "kPresolveError", "kPostsolveError", "kUnknown", "kNotset")
_LIMITS: dict[str, Status] = {"kSolutionLimit": "LIMIT", "kIterationLimit": "LIMIT", "kTimeLimit": "TIME"}
_NOTHING = ("kInfeasible", "kUnbounded", "kUnboundedOrInfeasible")


def solve(
    model: MatrixModel,
    max_relative_gap: float = 0.0,
    max_nodes: int = 5_000,
    with_duals: bool = False,
    max_seconds: float = 600.0,
    with_heuristics: bool = False,
    max_iterations: int = 5_000_000,
) -> Solution:
    """Solve to proven optimality, or to `max_relative_gap` within `max_nodes` and `max_iterations`.

    A model with whole numbers has no duals of its own; `with_duals` gives those of the linear program
    that is left when its whole columns are fixed at their answer. `max_seconds` of wall clock is the
    guard against a solve without end; whoever needs it has a status that says so. `with_heuristics` pays
    where whole answers are hard to find.

    Raises `NonFiniteInputError` before the solver sees a number that is none, and `SolverError`
    when HiGHS refuses an option or the model itself.
    """
    model.require_finite()
    limits = Limits(max_relative_gap, max_nodes, max_iterations, max_seconds, with_heuristics)
    if contradiction := crossed(model):
        return _without_values("INFEASIBLE", contradiction, _UNCALLED)
    plain, scaling = scaled(model)
    if refusal := unreadable(plain):
        return _without_values("NUMERICAL", refusal, _UNCALLED)
    solution = _solved(model, plain, scaling, limits)
    if with_duals and model.has_integers and solution.has_values:
        return _with_duals_of_fixed(model, solution, limits)
    return solution


def _solved(model: MatrixModel, plain: MatrixModel, scaling: Scaling, limits: Limits) -> Solution:
    if model.column_count == 0:
        return _of_nothing(model)
    # Presolve pays where there is a search, and costs where simplex alone is quick.
    first = call(plain, limits, presolve=model.has_integers)
    answer = _judged(model, plain, scaling, first, limits)
    if answer.status != "NUMERICAL":
        return answer
    # About one solve in a thousand fails numerically: the other presolve setting is a new path.
    second = call(plain, limits, presolve=not model.has_integers)
    again = _judged(model, plain, scaling, second, limits)
    if again.is_solved and model.has_integers and first.word in _NOTHING:
        # The point refutes the first search, but nothing vouches for the bound of the second.
        again = _without_values("NUMERICAL", again.detail, again.solver_version)
    return replace(again, detail=f"{again.detail}; before that, presolve the other way: {answer.detail}")


def _judged(
    model: MatrixModel, plain: MatrixModel, scaling: Scaling, ending: Ending, limits: Limits
) -> Solution:
    """The solution with a status that its own numbers bear out."""
    if ending.word in _NOTHING:
        return _no_optimum(plain, ending, limits)
    answer = _read(model, plain, scaling, ending, limits)
    if answer.is_solved and model.has_integers and has_ray(plain, limits):
        # HiGHS closes the search of some models with free whole columns at a point of no meaning.
        return _without_values("UNBOUNDED", f"{ending.word}, but a ray falls", ending.solver_version)
    return answer


def _no_optimum(plain: MatrixModel, ending: Ending, limits: Limits) -> Solution:
    """INFEASIBLE with the rows that prove it, UNBOUNDED by a point and a ray, or else NUMERICAL."""
    word, version = ending.word, ending.solver_version
    found = conflict(plain, limits)
    if found.least > _FEASIBLE:
        return _without_values("INFEASIBLE", f"kInfeasible: {found}", version)
    if found.slack_total <= _FEASIBLE:
        if has_ray(plain, limits):
            return _without_values("UNBOUNDED", "kUnbounded", version)
        return _without_values("NUMERICAL", f"{word}, but there is a point and no ray", version)
    # Too hard to prove for whole numbers: a second search that is made differently has to do.
    if word == "kInfeasible" == call(plain, limits, presolve=not plain.has_integers).word:
        return _without_values("INFEASIBLE", f"kInfeasible by two searches: {found}", version)
    return _without_values("NUMERICAL", f"{word}, neither proven nor refuted", version)


def _read(
    model: MatrixModel, plain: MatrixModel, scaling: Scaling, ending: Ending, limits: Limits
) -> Solution:
    """The ending in the model's own units, with a status that its own numbers bear out."""
    word, version = ending.word, ending.solver_version
    if word in _TROUBLE:
        return _without_values("NUMERICAL", word, version)
    if word != "kOptimal" and word not in _LIMITS:
        return _without_values("FAILED", word, version)
    stopped: Status = _LIMITS.get(word, "NUMERICAL")
    if not len(ending.values):
        return _without_values(stopped, word, version, ending.bound / scaling.cost)
    values = _point(plain, ending.values, limits)
    if relative_violation(plain, values) > _FEASIBLE:
        return _without_values("NUMERICAL", f"residual {max_violation(plain, values):.3g}", version)
    has_duals = len(ending.row_dual) > 0
    bound = dual_bound(plain, ending.row_dual, values) if has_duals else ending.bound
    objective = float(plain.cost @ values) + plain.offset
    # Below this the difference is arithmetic, or the absolute gap at which the solver stops.
    noise = _NOISE * float(np.abs(plain.cost * values).sum()) + _ABSOLUTE_GAP
    excess = objective - bound if objective - bound > noise else 0.0
    gap = excess / max(abs(objective), 1e-9)
    if word == "kTimeLimit":
        status = stopped
    elif gap <= _PROVEN:
        status = "OPTIMAL"
    elif gap <= limits.relative_gap:
        status = "WITHIN_GAP"
    elif stopped == "NUMERICAL":
        return _without_values("NUMERICAL", f"bound {bound:.9g} of objective {objective:.9g}", version)
    else:
        status = stopped
    own = scaling.values(values)
    return Solution(
        status,
        word,
        own,
        float(model.cost @ own) + model.offset,
        bound / scaling.cost,
        gap,
        max_violation(model, own),
        version,
        scaling.row_dual(ending.row_dual) if has_duals else np.empty(0),
        scaling.reduced_cost(ending.reduced_cost) if has_duals else np.empty(0),
    )


def _point(model: MatrixModel, found: Numbers, limits: Limits) -> Numbers:
    """The point with whole numbers whole and no bound passed, not even by the solver's tolerance."""
    values = found.copy()
    values[model.is_integer] = np.round(values[model.is_integer])
    values = np.clip(values, model.column_lower, model.column_upper)
    if model.has_integers and relative_violation(model, values) > _FEASIBLE / 10.0:
        # 0.9999999 of a large coefficient was taken for 1: what is not whole has to follow.
        ending = call(_fixed(model, values), limits, presolve=False)
        if len(ending.values):
            return np.clip(ending.values, model.column_lower, model.column_upper)
    return values


def _with_duals_of_fixed(model: MatrixModel, solution: Solution, limits: Limits) -> Solution:
    plain, scaling = scaled(_fixed(model, solution.values))
    ending = call(plain, limits, presolve=False)
    if not len(ending.row_dual):
        return solution
    return replace(
        solution,
        row_dual=scaling.row_dual(ending.row_dual),
        reduced_cost=scaling.reduced_cost(ending.reduced_cost),
    )


def _fixed(model: MatrixModel, values: Numbers) -> MatrixModel:
    """The linear program that is left when the whole columns are fixed."""
    whole = model.is_integer
    return replace(
        model,
        column_lower=np.where(whole, values, model.column_lower),
        column_upper=np.where(whole, values, model.column_upper),
        is_integer=np.zeros_like(whole),
    )


def _of_nothing(model: MatrixModel) -> Solution:
    """The answer of a model without columns, which the solver would not look at."""
    away = np.flatnonzero((model.row_lower > 0.0) | (model.row_upper < 0.0))
    if len(away):
        return _without_values("INFEASIBLE", f"row {model.row_names[away[0]]} has no columns", _UNCALLED)
    empty = np.empty(0)
    return Solution("OPTIMAL", "empty", empty, model.offset, model.offset, 0.0, 0.0, _UNCALLED, empty, empty)


def _without_values(status: Status, detail: str, version: str, bound: float = -np.inf) -> Solution:
    return Solution(status, detail, np.empty(0), np.inf, bound, np.inf, np.inf, version)
