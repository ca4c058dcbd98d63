"""The solver's door: bad numbers never pass, and every ending has its name."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyomo.environ as pyo
import pytest

from optimization.errors import NonFiniteInputError
from optimization.solver.audit import max_violation
from optimization.solver.finite import require_finite
from optimization.solver.highs import solve
from optimization.solver.matrix import MatrixModel, matrix_of


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
    assert answer.status == "FAILED"
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


def test_a_search_without_end_is_stopped_by_nodes_and_fails_instead_of_running_on() -> None:
    # A market split: hopeless for branch and bound at any size worth naming.
    random = np.random.default_rng(1)
    weights = random.integers(1, 100, (4, 30))
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(30), domain=pyo.Binary)
    model.off = pyo.Var(range(4), range(2), bounds=(0, None))
    model.split = pyo.Constraint(
        range(4),
        rule=lambda m, row: (
            sum(int(weights[row, k]) * m.x[k] for k in range(30)) + m.off[row, 0] - m.off[row, 1]
            == int(weights[row].sum() // 2)
        ),
    )
    model.cost = pyo.Objective(expr=sum(model.off[row, side] for row in range(4) for side in range(2)))
    answer = solve(matrix_of(model, "split"), max_relative_gap=0.001, max_nodes=50)
    assert (answer.status, answer.detail) == ("FAILED", "kSolutionLimit")
