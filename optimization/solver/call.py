"""One call of HiGHS with frozen options: nothing else imports it.

Every return code is checked. No clock stops a solve in the normal course, for a clock does not
repeat: nodes and iterations do. The time limit is a guard against a solve without end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from optimization.errors import SolverError
from optimization.solver.matrix import MatrixModel, Numbers


@dataclass(frozen=True)
class Limits:
    """When to stop: gap (relative), nodes, simplex iterations, and seconds as the last resort.

    heuristics: whether a search for whole answers also guesses; it costs more than it finds where a
    linear answer is nearly whole.
    """

    relative_gap: float = 0.0
    nodes: int = 5_000
    iterations: int = 5_000_000
    seconds: float = 600.0
    heuristics: bool = False


@dataclass(frozen=True)
class Ending:
    """HiGHS's word for how it ended, and what it left: empty arrays where it left nothing."""

    word: str
    values: Numbers
    row_dual: Numbers
    reduced_cost: Numbers
    bound: float
    solver_version: str


def call(model: MatrixModel, limits: Limits, presolve: bool) -> Ending:
    """Give the model to a new HiGHS object and run it; an old one would answer by what it solved before.

    Raises `SolverError` when HiGHS refuses an option or the model itself.
    """
    import highspy

    highs = highspy.Highs()
    for option, value in options(limits, presolve):
        _check(highs.setOptionValue(option, value), f"option {option}={value!r}", model)
    load(highs, model)
    returned = highs.run()
    if returned == highspy.HighsStatus.kError and highs.getModelStatus() == highspy.HighsModelStatus.kNotset:
        # Somebody in this process has run HiGHS on more threads; its scheduler outlives its objects.
        highspy.Highs.resetGlobalScheduler(True)
        returned = highs.run()
    word = str(highs.getModelStatus()).rsplit(".", maxsplit=1)[-1]
    version = solver_version()
    info, empty = highs.getInfo(), np.empty(0)
    has_values = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if returned == highspy.HighsStatus.kError or not has_values:
        return Ending(word, empty, empty, empty, _bound(model, info, word), version)
    answer = highs.getSolution()
    has_duals = bool(answer.dual_valid) and not model.has_integers
    return Ending(
        word,
        np.array(answer.col_value, dtype=np.float64),
        np.array(answer.row_dual, dtype=np.float64) if has_duals else empty,
        np.array(answer.col_dual, dtype=np.float64) if has_duals else empty,
        _bound(model, info, word),
        version,
    )


def solver_version() -> str:
    """Name and version of the solver."""
    import highspy

    return f"highs {highspy.Highs().version()}"


def options(limits: Limits, presolve: bool) -> tuple[tuple[str, object], ...]:
    """The frozen options of every solve."""
    return (
        ("output_flag", False),
        ("threads", 1),
        ("parallel", "off"),
        ("random_seed", 0),
        ("solver", "simplex"),
        ("presolve", "on" if presolve else "off"),
        ("simplex_iteration_limit", limits.iterations),
        ("time_limit", limits.seconds),
        # A tenth of the gap that is allowed, so that a plan near the limit is the exception.
        ("mip_rel_gap", limits.relative_gap / 10.0),
        ("mip_abs_gap", 1e-6),
        ("mip_max_nodes", limits.nodes),
        ("mip_heuristic_effort", 0.05 if limits.heuristics else 0.0),
        ("mip_heuristic_run_root_reduced_cost", limits.heuristics),
        ("mip_heuristic_run_rins", limits.heuristics),
        ("mip_heuristic_run_rens", limits.heuristics),
        ("mip_heuristic_run_feasibility_jump", limits.heuristics),
        ("mip_detect_symmetry", False),
    )


def load(highs: Any, model: MatrixModel) -> None:
    """Give the model to an empty HiGHS object.

    Rows first, then columns: these two calls take arrays as they are, a HighsLp copies them as lists.
    Raises `SolverError` when HiGHS refuses one.
    """
    import highspy

    none = np.empty(0, dtype=np.int32)
    returned = highs.addRows(
        model.row_count,
        model.row_lower,
        model.row_upper,
        0,
        np.zeros(model.row_count, dtype=np.int32),
        none,
        np.empty(0),
    )
    _check(returned, "addRows", model)
    returned = highs.addCols(
        model.column_count,
        model.cost,
        model.column_lower,
        model.column_upper,
        len(model.value),
        model.start[:-1],
        model.index,
        model.value,
    )
    _check(returned, "addCols", model)
    _check(highs.changeObjectiveOffset(model.offset), "changeObjectiveOffset", model)
    # Integrality on a linear program, even all-continuous, sends HiGHS down the wrong path.
    whole = np.flatnonzero(model.is_integer).astype(np.int32)
    if len(whole):
        kinds = np.full(len(whole), int(highspy.HighsVarType.kInteger), dtype=np.uint8)
        _check(highs.changeColsIntegrality(len(whole), whole, kinds), "changeColsIntegrality", model)


def _bound(model: MatrixModel, info: Any, word: str) -> float:
    if model.has_integers:
        return float(info.mip_dual_bound)
    return float(info.objective_function_value) if word == "kOptimal" else -np.inf


def _check(returned: Any, what: str, model: MatrixModel) -> None:
    import highspy

    if returned != highspy.HighsStatus.kOk:
        raise SolverError(
            f"HiGHS answered {returned} to {what} of model {model.name} ({model.row_count} rows, "
            f"{model.column_count} columns); compare the installed highspy with requirements.lock"
        )
