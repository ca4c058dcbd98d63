"""The solver's door: bad numbers never pass, and every ending has its name."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time

import numpy as np
import pyomo.environ as pyo
import pytest

from optimization.errors import NonFiniteInputError
from optimization.solver.audit import dual_bound, max_violation, relative_violation
from optimization.solver.call import Limits, call
from optimization.solver.elastic import conflict, has_ray
from optimization.solver.finite import require_finite
from optimization.solver.highs import solve
from optimization.solver.matrix import MatrixModel, matrix_of
from optimization.solver.scaling import scaled


def _model(sense: str = "bounded", integer: bool = False) -> MatrixModel:
    model = pyo.ConcreteModel()
    model.x = pyo.Var([0, 1], domain=pyo.Integers if integer else pyo.Reals, bounds=(0, 4))
    if sense == "unbounded":
        model.x[0].setub(None)
    model.most = pyo.Constraint(expr=2 * model.x[0] + 2 * model.x[1] <= 5 + 1e6 * (sense == "unbounded"))
    if sense == "unbounded":
        model.most.deactivate()
        model.least = pyo.Constraint(expr=model.x[0] - model.x[1] >= -9)
    if sense == "infeasible":
        model.least = pyo.Constraint(expr=model.x[0] + model.x[1] >= 3)
    model.cost = pyo.Objective(expr=-3 * model.x[0] - 2 * model.x[1] + 1)
    return matrix_of(model, "tiny")


def test_a_linear_model_is_solved_with_bound_and_residual() -> None:
    answer = solve(_model())
    assert answer.status == "OPTIMAL"
    assert answer.objective == pytest.approx(-6.5) == answer.bound
    assert answer.max_violation <= 1e-9
    assert answer.solver_version.startswith("highs ")


def test_a_whole_number_model_is_solved_in_whole_numbers() -> None:
    answer = solve(_model(integer=True))
    assert (answer.status, answer.objective) == ("OPTIMAL", pytest.approx(-5.0))
    assert np.array_equal(answer.values, np.round(answer.values))


@pytest.mark.parametrize("sense", ["infeasible", "unbounded"])
def test_a_model_without_an_optimum_fails_and_has_no_values(sense: str) -> None:
    answer = solve(_model(sense))
    assert answer.status == sense.upper()
    assert sense in answer.detail.lower()
    assert len(answer.values) == 0


@pytest.mark.parametrize("field", ["cost", "value", "column_lower", "row_upper"])
def test_no_number_that_is_none_reaches_the_solver(field: str) -> None:
    model = _model()
    spoiled = getattr(model, field).copy()
    spoiled[0] = np.nan
    with pytest.raises(NonFiniteInputError, match="model tiny"):
        solve(dataclasses.replace(model, **{field: spoiled}))
    infinite = model.cost.copy()
    infinite[1] = np.inf
    with pytest.raises(NonFiniteInputError, match="input cost holds inf at position 1"):
        solve(dataclasses.replace(model, cost=infinite))


def test_the_gate_says_where_and_what_to_do() -> None:
    with pytest.raises(NonFiniteInputError, match=r"input stock holds nan at position 2 .*quarantine it"):
        require_finite("m", {"fine": np.ones(3), "stock": np.array([1.0, 2.0, np.nan])})


def test_the_residual_audit_sees_rows_bounds_and_fractions() -> None:
    model = _model(integer=True)
    assert max_violation(model, np.array([2.0, 0.0])) == 0.0
    assert max_violation(model, np.array([3.0, 0.0])) == pytest.approx(1.0)
    assert max_violation(model, np.array([0.0, -0.5])) == pytest.approx(0.5)


def test_a_repeat_is_identical() -> None:
    first, second = solve(_model(integer=True)), solve(_model(integer=True))
    assert np.array_equal(first.values, second.values)


def _split(weights: np.ndarray) -> MatrixModel:
    """A market split: hopeless for branch and bound at any size worth naming."""
    rows, items = weights.shape
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(items), domain=pyo.Binary)
    model.off = pyo.Var(range(rows), range(2), bounds=(0, None))
    model.split = pyo.Constraint(
        range(rows),
        rule=lambda m, row: (
            sum(int(weights[row, k]) * m.x[k] for k in range(items)) + m.off[row, 0] - m.off[row, 1]
            == int(weights[row].sum() // 2)
        ),
    )
    model.cost = pyo.Objective(expr=sum(model.off[row, side] for row in range(rows) for side in range(2)))
    return matrix_of(model, "split")


HOPELESS = np.random.default_rng(1).integers(1, 100, (4, 30))


def test_a_search_without_end_is_stopped_by_nodes_and_says_so() -> None:
    answer = solve(_split(HOPELESS), max_relative_gap=0.001, max_nodes=50)
    assert (answer.status, answer.detail, answer.is_solved) == ("LIMIT", "kSolutionLimit", False)


def test_what_was_found_before_the_limit_is_feasible_and_its_bound_holds() -> None:
    answer = solve(_split(HOPELESS), max_nodes=2_000)
    assert (answer.status, answer.has_values) == ("LIMIT", True)
    assert answer.max_violation <= 1e-6
    assert answer.bound <= answer.objective
    assert answer.relative_gap > 0


def test_the_wall_clock_guard_is_kept_and_recorded() -> None:
    began = time.process_time()
    answer = solve(_split(HOPELESS), max_nodes=10**9, max_seconds=0.2)
    assert (answer.status, answer.detail, answer.is_solved) == ("TIME", "kTimeLimit", False)
    assert time.process_time() - began <= 0.2 * 1.1 + 2.0


def test_duals_are_prices_of_rows_and_columns() -> None:
    model = _model()
    answer = solve(model)
    assert answer.row_dual.tolist() == [-1.5]
    assert answer.reduced_cost.tolist() == [0.0, 1.0]
    assert dual_bound(model, answer.row_dual, answer.values) == pytest.approx(-6.5)


def test_whole_columns_have_the_duals_of_what_is_left_when_they_are_fixed() -> None:
    model = _model(integer=True)
    model = dataclasses.replace(model, is_integer=np.array([True, False]))
    answer = solve(model, with_duals=True)
    # x0 = 2 is whole; the half unit of the row that is left goes to x1, which pays 2 for 2.
    assert answer.values.tolist() == [2.0, 0.5]
    assert answer.row_dual.tolist() == [-1.0]
    assert answer.reduced_cost.tolist() == [-1.0, 0.0]
    assert len(solve(model).row_dual) == 0


def test_a_wrong_dual_proves_less_and_never_too_much() -> None:
    model = _model()
    for dual in (-3.0, -1.0, 0.0, 2.0):
        assert dual_bound(model, np.array([dual]), np.zeros(2)) <= -6.5


def test_rows_that_contradict_each_other_are_named_with_what_they_lack() -> None:
    model = _model("infeasible")
    assert solve(model).detail == "kInfeasible: cannot hold together: least (short by 0.5), most"
    found = conflict(model, Limits())
    assert (found.rows, found.columns, found.least) == (("most", "least"), (), pytest.approx(0.5))


def test_bounds_that_contradict_a_row_are_named() -> None:
    model = _model()
    high = dataclasses.replace(model, row_lower=np.array([20.0]), row_upper=np.array([np.inf]))
    assert "short by 4" in solve(high).detail
    assert "the bounds of x[0], the bounds of x[1]" in solve(high).detail


def test_whole_numbers_that_no_row_admits_are_named() -> None:
    model = _model(integer=True)
    odd = dataclasses.replace(model, row_lower=np.array([5.0]), row_upper=np.array([5.0]))
    answer = solve(odd)
    assert (answer.status, answer.detail) == (
        "INFEASIBLE",
        "kInfeasible: cannot hold together: most (short by 1)",
    )


@pytest.mark.parametrize(
    ("low", "high", "integer", "detail"),
    [
        (3.0, 2.0, False, "column x[1] must lie between 3 and 2"),
        (2.2, 2.8, True, "column x[1] must lie between 3 and 2"),
    ],
)
def test_crossed_bounds_never_reach_the_solver(low: float, high: float, integer: bool, detail: str) -> None:
    model = _model(integer=integer)
    crossed = dataclasses.replace(
        model, column_lower=np.array([0.0, low]), column_upper=np.array([4.0, high])
    )
    assert (solve(crossed).status, solve(crossed).detail) == ("INFEASIBLE", detail)


def test_a_model_without_columns_has_its_answer() -> None:
    empty, none = np.empty(0), np.empty(0, dtype=np.int32)
    model = dataclasses.replace(
        _model(),
        cost=empty,
        column_lower=empty,
        column_upper=empty,
        start=np.zeros(1, dtype=np.int32),
        index=none,
        value=empty,
        is_integer=np.empty(0, dtype=np.bool_),
        columns=(),
    )
    assert (solve(model).status, solve(model).objective) == ("OPTIMAL", 1.0)
    least = dataclasses.replace(model, row_lower=np.ones(1))
    assert (solve(least).status, solve(least).detail) == ("INFEASIBLE", "row most has no columns")


def test_an_unbounded_search_over_whole_numbers_is_not_taken_for_solved() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(domain=pyo.Integers)
    model.y = pyo.Var(bounds=(0, None))
    model.z = pyo.Var(bounds=(0, None))
    model.first = pyo.Constraint(expr=-2 * model.x - 3 * model.y - model.z <= -1)
    model.second = pyo.Constraint(expr=-3 * model.y + model.z <= 0)
    model.third = pyo.Constraint(expr=3 * model.x + 2 * model.y - 2 * model.z <= 3)
    model.cost = pyo.Objective(expr=2 * model.x - 2 * model.y - 2 * model.z)
    matrix = matrix_of(model, "falling")
    # One y and three z more keep every row and cost 8 less; HiGHS 1.15 calls x = 1 optimal.
    assert call(matrix, Limits(), presolve=True).word == "kOptimal"
    assert has_ray(matrix, Limits())
    assert solve(matrix).status == "UNBOUNDED"


def test_units_far_apart_are_brought_together_by_powers_of_two() -> None:
    model = _model()
    odd = dataclasses.replace(
        model,
        value=model.value * np.array([1e12, 1e-6]),
        cost=model.cost * np.array([1e12, 1e-6]),
        column_upper=model.column_upper / np.array([1e12, 1e-6]),
    )
    answer = solve(odd)
    assert (answer.status, answer.objective) == ("OPTIMAL", pytest.approx(-6.5))
    assert answer.row_dual == pytest.approx([-1.5])
    plain, scaling = scaled(odd)
    assert np.abs(plain.value).max() / np.abs(plain.value).min() <= 4.0
    factors = np.concatenate([scaling.row, scaling.column, [scaling.cost]])
    assert np.array_equal(np.log2(factors), np.round(np.log2(factors)))


def test_a_model_of_ordinary_size_goes_to_the_solver_as_it_is() -> None:
    plain, scaling = scaled(_model())
    assert np.array_equal(plain.value, _model().value)
    assert scaling.cost == 1.0


def test_coefficients_that_the_solver_would_drop_are_refused() -> None:
    crosswise = dataclasses.replace(
        _model(),
        row_lower=np.full(2, -np.inf),
        row_upper=np.ones(2),
        row_names=("a", "b"),
        start=np.array([0, 2, 4], dtype=np.int32),
        index=np.array([0, 1, 0, 1], dtype=np.int32),
        value=np.array([1e-20, 1.0, 1.0, 1e-20]),
    )
    answer = solve(crosswise)
    assert answer.status == "NUMERICAL"
    assert answer.detail.startswith("coefficients from ")


def test_a_breach_is_measured_by_the_size_of_its_row() -> None:
    model = _model()
    large = dataclasses.replace(model, value=model.value * 1e6, row_upper=model.row_upper * 1e6)
    point = np.array([2.5 + 1e-9, 0.0])
    assert max_violation(large, point) == pytest.approx(2e-3)
    assert relative_violation(large, point) < 1e-8


def test_threads_that_somebody_else_has_started_do_not_make_the_answer_zero() -> None:
    program = """
import highspy
from optimization.solver.call import Limits, call, load
from tests.unit.optimization.test_solver import _model
other = highspy.Highs()
other.setOptionValue("output_flag", False)
other.setOptionValue("threads", 2)
load(other, _model(integer=True))
other.run()
print(call(_model(integer=True), Limits(), presolve=True).word)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "kOptimal"


def test_a_second_path_is_tried_when_the_first_ends_in_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def troubled(model: MatrixModel, limits: Limits, presolve: bool) -> object:
        tried.append(presolve)
        ending = call(model, limits, presolve)
        return dataclasses.replace(ending, word="kSolveError") if len(tried) == 1 else ending

    monkeypatch.setattr("optimization.solver.highs.call", troubled)
    answer = solve(_model())
    assert (answer.status, tried) == ("OPTIMAL", [False, True])
    assert answer.detail == "kOptimal; before that, presolve the other way: kSolveError"


def test_a_point_that_breaks_its_rows_is_never_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoiled(model: MatrixModel, limits: Limits, presolve: bool) -> object:
        return dataclasses.replace(call(model, limits, presolve), values=np.array([4.0, 4.0]))

    monkeypatch.setattr("optimization.solver.highs.call", spoiled)
    answer = solve(_model())
    assert (answer.status, answer.has_values) == ("NUMERICAL", False)
    assert answer.detail.startswith("residual 11")


def test_a_point_that_is_not_the_best_is_not_called_optimal(monkeypatch: pytest.MonkeyPatch) -> None:
    def lazy(model: MatrixModel, limits: Limits, presolve: bool) -> object:
        return dataclasses.replace(call(model, limits, presolve), values=np.zeros(2))

    monkeypatch.setattr("optimization.solver.highs.call", lazy)
    assert solve(_model()).status == "NUMERICAL"
