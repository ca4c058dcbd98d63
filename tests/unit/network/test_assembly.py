"""The arrays state the matrix that the Pyomo model compiles to, and both are read back alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest
from scipy import sparse

from optimization.network.costs import nothing_plan, plan_cost
from optimization.network.model import pyomo_model
from optimization.network.model.assembly import assemble, assembled
from optimization.network.model.model_data import ModelData, model_data
from optimization.network.model.pieces import cut
from optimization.network.model.read_back import in_layout, plan_from, proof_from
from optimization.network.problem import Problem
from optimization.network.proof.certificate import certified_bound
from optimization.solver.highs import solve
from optimization.solver.matrix import MatrixModel, matrix_of
from tests.benchmarks import network_assembly
from tests.benchmarks.network_instances import hard
from tests.golden.tiny_network import tiny_network
from tests.unit.network.problems import problem_of

SHAPES: dict[str, dict[str, Any]] = {
    "normal": {},
    "count": {"kind": "count"},
    "segments": {"segments": 3},
    "policy": {"policy": True},
    "lots": {"lots": True, "policy": True},
    "lots and segments": {"lots": True, "segments": 2, "policy": True},
}


def problem_named(name: str) -> Problem:
    return tiny_network() if name == "tiny" else hard(5, 4, seed=3, **SHAPES[name])


def assert_same(arrays: MatrixModel, compiled: MatrixModel) -> None:
    """Column by column and row by row: names, costs, bounds, coefficients, sides, wholeness."""
    assert sorted(arrays.columns) == sorted(compiled.columns)
    assert sorted(arrays.row_names) == sorted(compiled.row_names)
    column_at = {name: at for at, name in enumerate(compiled.columns)}
    row_at = {name: at for at, name in enumerate(compiled.row_names)}
    columns = np.array([column_at[name] for name in arrays.columns])
    rows = np.array([row_at[name] for name in arrays.row_names])
    assert arrays.offset == compiled.offset
    for side in ("cost", "column_lower", "column_upper", "is_integer"):
        assert np.array_equal(getattr(arrays, side), getattr(compiled, side)[columns]), side
    for side in ("row_lower", "row_upper"):
        assert np.array_equal(getattr(arrays, side), getattr(compiled, side)[rows]), side
    left, right = (
        sparse.csc_matrix((m.value, m.index, m.start), shape=(m.row_count, m.column_count))
        for m in (arrays, compiled)
    )
    assert abs(left - right[rows][:, columns]).nnz == 0


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("name", ["tiny", *SHAPES])
def test_the_arrays_are_the_pyomo_model(name: str, whole: bool) -> None:
    problem = problem_named(name)
    for pieces in (cut(problem), cut(problem, most_knots=9), cut(problem, around=nothing_plan(problem))):
        data = model_data(problem, pieces, whole)
        assert_same(assembled(data)[0], matrix_of(pyomo_model.build(data), "network"))


def test_an_order_that_nothing_may_place_has_no_use() -> None:
    problem = problem_of(
        position=[1.0, 1.0],
        mean=3.0,
        places={"order_limit": [0.0, 4.0]},
        rows=[("budget", "all", 20.0, 0.0, 5.0)],
        order_use=[(0, 0, 2.0), (1, 0, 3.0)],
    )
    data = model_data(problem, cut(problem))
    assert_same(assembled(data)[0], matrix_of(pyomo_model.build(data), "network"))


def test_a_problem_without_moves_and_orders_is_a_constant() -> None:
    problem = problem_of(position=[1.0, 4.0], mean=3.0)
    model = assemble(problem, cut(problem))
    assert (model.column_count, model.row_count) == (0, 0)
    assert model.offset == pytest.approx(plan_cost(problem, nothing_plan(problem)).objective)


def data_of(name: str, whole: bool = False) -> ModelData:
    problem = problem_named(name)
    return model_data(problem, cut(problem), whole)


@pytest.mark.parametrize("name", ["tiny", *SHAPES])
def test_the_prices_read_back_prove_the_optimum(name: str) -> None:
    data = data_of(name)
    model, layout = assembled(data)
    answer = solve(model)
    proof = proof_from(data, layout, answer.row_dual, answer.bound)
    assert answer.status == "OPTIMAL"
    assert certified_bound(data.problem, proof).total == pytest.approx(answer.objective, rel=1e-9)


@pytest.mark.parametrize("name", ["tiny", *SHAPES])
def test_the_whole_model_costs_what_its_plan_costs(name: str) -> None:
    data = data_of(name, whole=True)
    model, layout = assembled(data)
    answer, relaxed = solve(model, max_relative_gap=1e-3), solve(assembled(data_of(name))[0])
    plan = plan_from(data, layout, answer.values)
    assert plan_cost(data.problem, plan).objective == pytest.approx(answer.objective, rel=1e-7)
    assert relaxed.objective <= answer.objective + 1e-6


def reversed_order(model: MatrixModel) -> MatrixModel:
    """The same model with its columns and rows from last to first."""
    own = sparse.csc_matrix(
        (model.value, model.index, model.start), shape=(model.row_count, model.column_count)
    )
    turned = own[::-1][:, ::-1].tocsc()
    sides = (
        "cost",
        "column_lower",
        "column_upper",
        "row_lower",
        "row_upper",
        "is_integer",
        "columns",
        "row_names",
    )
    return replace(
        model,
        start=turned.indptr.astype(np.int32),
        index=turned.indices.astype(np.int32),
        value=turned.data,
        **{name: getattr(model, name)[::-1] for name in sides},
    )


def test_the_pyomo_model_is_read_back_like_the_arrays() -> None:
    data = data_of("policy")
    _, layout = assembled(data)
    reverse = reversed_order(matrix_of(pyomo_model.build(data), "network"))
    answer = solve(reverse)
    values, duals = in_layout(layout, reverse, answer.values, answer.row_dual)
    proof = proof_from(data, layout, duals, answer.bound)
    assert plan_cost(data.problem, plan_from(data, layout, values)).lanes > 0
    assert certified_bound(data.problem, proof).total == pytest.approx(answer.objective, rel=1e-9)


def test_a_user_adds_a_row_of_their_own() -> None:
    data = data_of("tiny", whole=True)
    _, layout = assembled(data)

    def no_more_than_one_lot(model: Any) -> None:
        model.quota = pyo.Constraint(expr=model.moved[0] + model.moved[2] <= 1)

    free, bound_by_it = (
        matrix_of(pyomo_model.build(data, rows), "network") for rows in (None, no_more_than_one_lot)
    )
    before, after = solve(free), solve(bound_by_it)
    free_plan, plan = (
        plan_from(data, layout, in_layout(layout, model, answer.values, answer.row_dual)[0])
        for model, answer in ((free, before), (bound_by_it, after))
    )
    assert bound_by_it.row_count == free.row_count + 1
    assert plan.moved[0] + plan.moved[2] <= 1 < free_plan.moved[0] + free_plan.moved[2]
    assert after.objective > before.objective


def test_the_benchmark_measures_both_ways_on_one_matrix() -> None:
    found = network_assembly.measure(network_assembly.uncoupled(hard(4, 3, seed=1)), knots=5)
    assert found["pyomo_objective"] == pytest.approx(found["objective"], rel=1e-9)
    assert found["columns"] > 0
