"""One solve: frozen options, every return code checked, our own closed set of statuses.

No clock stops a solve, for a clock does not repeat: nodes and iterations do.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from optimization.errors import SolverError
from optimization.solver.audit import max_violation
from optimization.solver.matrix import MatrixModel

Status = Literal["OPTIMAL", "WITHIN_GAP", "FAILED"]

# A gap below this is the arithmetic of the solver, not a plan that could be better.
_PROVEN = 1e-6
_MOST_ITERATIONS = 5_000_000
_FEASIBLE = 1e-6


@dataclass(frozen=True)
class Solution:
    """What one solve proved: status, values by column, objective, bound, gap, worst residual.

    `detail` is the solver's own word for the status. With FAILED there are no values to read.
    `row_dual` and `reduced_cost` are what the objective gains per unit of a row's bound and of a
    column, so that cost = Aᵀ·row_dual + reduced_cost: at a minimum a row at its upper bound has a dual
    ≤ 0, at its lower bound ≥ 0. A linear program has them always, one with whole numbers by
    `with_duals` only (see `solve`); otherwise they are empty.
    """

    status: Status
    detail: str
    values: npt.NDArray[np.float64]
    objective: float
    bound: float
    relative_gap: float
    max_violation: float
    solver_version: str
    row_dual: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    reduced_cost: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


def solve(
    model: MatrixModel, max_relative_gap: float = 0.0, max_nodes: int = 5_000, with_duals: bool = False
) -> Solution:
    """Solve to proven optimality, or to `max_relative_gap` within `max_nodes`.

    A model with whole numbers has no duals of its own; `with_duals` gives those of the linear program
    that is left when its whole columns are fixed at their answer.
    Infeasible, unbounded and interrupted models come back as FAILED with the reason in `detail`.
    Raises `NonFiniteInputError` before the solver sees a number that is none, and `SolverError`
    when HiGHS refuses an option or the model itself.
    """
    model.require_finite()
    solution = _solve(model, max_relative_gap, max_nodes, presolve=model.has_integers)
    if solution.detail in ("kSolveError", "kPresolveError", "kPostsolveError", "kUnknown"):
        # About one solve in a thousand fails numerically; the other presolve setting is a new path.
        solution = _solve(model, max_relative_gap, max_nodes, presolve=not model.has_integers)
    if with_duals and model.has_integers and solution.status != "FAILED":
        fixed = _solve(_fixed(model, solution.values), 0.0, max_nodes, presolve=False)
        return replace(solution, row_dual=fixed.row_dual, reduced_cost=fixed.reduced_cost)
    return solution


def _fixed(model: MatrixModel, values: npt.NDArray[np.float64]) -> MatrixModel:
    """The linear program that is left when the whole columns are fixed."""
    whole = model.is_integer
    return replace(
        model,
        column_lower=np.where(whole, values, model.column_lower),
        column_upper=np.where(whole, values, model.column_upper),
        is_integer=np.zeros_like(whole),
    )


def _solve(model: MatrixModel, max_relative_gap: float, max_nodes: int, presolve: bool) -> Solution:
    import highspy

    highs = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("parallel", "off"),
        ("random_seed", 0),
        ("solver", "simplex"),
        ("presolve", "on" if presolve else "off"),
        ("simplex_iteration_limit", _MOST_ITERATIONS),
        # A tenth of the gap that is allowed, so that a plan near the limit is the exception.
        ("mip_rel_gap", max_relative_gap / 10.0),
        ("mip_abs_gap", 1e-6),
        ("mip_max_nodes", max_nodes),
        # The models are small and near-integral: primal heuristics cost more than they find.
        ("mip_heuristic_effort", 0.0),
        ("mip_heuristic_run_root_reduced_cost", False),
        ("mip_heuristic_run_rins", False),
        ("mip_heuristic_run_rens", False),
        ("mip_heuristic_run_feasibility_jump", False),
        ("mip_detect_symmetry", False),
    ):
        _check(highs.setOptionValue(option, value), f"option {option}={value!r}", model)
    _check(highs.passModel(_highs_model(model)), "passModel", model)
    returned = highs.run()
    detail = str(highs.getModelStatus()).rsplit(".", maxsplit=1)[-1]
    if returned == highspy.HighsStatus.kError:
        return _failed(model, detail, highs)
    info = highs.getInfo()
    has_values = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if detail not in ("kOptimal", "kSolutionLimit") or not has_values:
        return _failed(model, detail, highs)
    answer = highs.getSolution()
    values = np.array(answer.col_value, dtype=np.float64)
    values[model.is_integer] = np.round(values[model.is_integer])
    objective = float(model.cost @ values) + model.offset
    bound = float(info.mip_dual_bound) if model.has_integers else float(info.objective_function_value)
    gap = max(objective - bound, 0.0) / max(abs(objective), 1e-9) if np.isfinite(bound) else np.inf
    worst = max_violation(model, values)
    scale = max(1.0, float(np.abs(values).max(initial=0.0)))
    status: Status = "OPTIMAL" if gap <= _PROVEN else "WITHIN_GAP" if gap <= max_relative_gap else "FAILED"
    if worst > _FEASIBLE * scale:
        status, detail = "FAILED", f"residual {worst:.3g}"
    if status == "FAILED":
        return _failed(model, detail, highs)
    duals = () if model.has_integers else (np.array(answer.row_dual), np.array(answer.col_dual))
    return Solution(status, detail, values, objective, bound, gap, worst, _version(highs), *duals)


def _highs_model(model: MatrixModel) -> Any:
    import highspy

    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = model.column_count, model.row_count
    program.offset_, program.col_cost_ = model.offset, model.cost
    program.col_lower_, program.col_upper_ = model.column_lower, model.column_upper
    program.row_lower_, program.row_upper_ = model.row_lower, model.row_upper
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_, program.a_matrix_.index_ = model.start, model.index
    program.a_matrix_.value_ = model.value
    # Integrality on a linear program, even all-continuous, sends HiGHS down the wrong path.
    if model.has_integers:
        kinds = highspy.HighsVarType
        program.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in model.is_integer]
    return program


def _failed(model: MatrixModel, detail: str, highs: Any) -> Solution:
    return Solution("FAILED", detail, np.empty(0), np.inf, -np.inf, np.inf, np.inf, _version(highs))


def _version(highs: Any) -> str:
    return f"highs {highs.version()}"


def _check(returned: Any, what: str, model: MatrixModel) -> None:
    import highspy

    if returned != highspy.HighsStatus.kOk:
        raise SolverError(
            f"HiGHS answered {returned} to {what} of model {model.name} ({model.row_count} rows, "
            f"{model.column_count} columns); compare the installed highspy with requirements.lock"
        )
