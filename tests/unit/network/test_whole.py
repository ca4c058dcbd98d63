"""The whole-problem engine and the choice of an engine: optimum, bound, fallback."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from optimization.errors import SolverError
from optimization.network import engine_choice, whole
from optimization.network.costs import nothing_plan, plan_cost, policy_plan
from optimization.network.engine_choice import solve_network
from optimization.network.problem import Outcome, Problem
from optimization.network.proof.audit import audit_plan
from optimization.network.proof.certificate import certified_bound
from optimization.network.whole import linear_optimum, solve_tiny, solve_whole
from optimization.parameters import NetworkParameters
from tests.benchmarks.network_instances import hard
from tests.unit.network.small_problems import best_plan, priced, small_problem

PARAMETERS = NetworkParameters()


@pytest.mark.parametrize("seed", range(8))
def test_a_tiny_problem_is_solved_to_what_enumeration_finds(seed: int) -> None:
    problem = small_problem(seed, rows=2, segments=1 + seed % 2)
    found = solve_network(problem, PARAMETERS)
    assert found.status in ("OPTIMAL", "FEASIBLE_WITH_SLACK")
    assert found.objective == pytest.approx(best_plan(problem)[1], rel=1e-7)
    assert found.proof.bound == pytest.approx(found.objective, rel=1e-6)


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_the_linear_optimum_is_that_of_every_unit_as_a_knot_and_its_prices_prove_it(seed: int) -> None:
    problem = small_problem(seed, items=4, locations=3, rows=2)
    _, proof = linear_optimum(problem, PARAMETERS)
    assert proof.bound == pytest.approx(priced(problem)[1], rel=1e-6)
    assert certified_bound(problem, proof).total == pytest.approx(proof.bound, rel=1e-9)


def test_coarse_curves_are_cut_again_until_the_bound_meets_the_answer() -> None:
    problem = hard(12, locations=6, seed=4)
    bounds = [linear_optimum(problem, replace(PARAMETERS, max_knots=knots))[1].bound for knots in (5, 17, 65)]
    assert bounds[1:] == pytest.approx(bounds[:1] * 2, rel=1e-6)


def test_arrays_and_pyomo_give_the_same_answer() -> None:
    problem = hard(12, locations=6, seed=2)
    by_pyomo, by_arrays = (
        solve_whole(problem, replace(PARAMETERS, max_pyomo_columns=most)) for most in (10**6, 0)
    )
    assert by_arrays.proof.bound == pytest.approx(by_pyomo.proof.bound, rel=1e-7)
    assert by_arrays.objective == pytest.approx(by_pyomo.objective, rel=5e-3)


def test_split_items_end_in_whole_units_that_fit_and_come_close() -> None:
    problem = hard(40, locations=6, seed=3)
    found = solve_whole(problem, PARAMETERS)
    assert audit_plan(problem, found.plan).ok
    assert not found.slack.any()
    assert found.relative_gap <= 0.005


def test_a_row_over_its_capacity_from_the_start_ends_with_the_least_slack() -> None:
    problem = hard(12, locations=6, seed=1)
    storage = problem.rows.family == "storage"
    rows = replace(problem.rows, capacity=np.where(storage, 0.9, 1.0) * problem.rows.capacity)
    found = solve_network(replace(problem, rows=rows), PARAMETERS)
    nothing = plan_cost(replace(problem, rows=rows), nothing_plan(problem))
    assert found.status in ("FEASIBLE_WITH_SLACK", "GAP_OPEN")
    assert 0.0 < rows.slack_price @ found.slack < nothing.slack


def test_a_small_run_does_not_load_the_compiled_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optimization.network.engine.coordination", None)
    assert solve_network(hard(12, locations=4, seed=1), PARAMETERS).engine == "whole"


def test_a_large_problem_goes_to_the_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_choice, "_TINY_ITEMS", 0)
    monkeypatch.setattr(engine_choice, "_WHOLE_ITEMS", 10)
    monkeypatch.setattr(engine_choice, "_MOST_PLACES", 10)
    assert solve_network(hard(20, locations=4, seed=1), PARAMETERS).engine == "items"


def test_where_prices_leave_a_gap_the_problem_is_solved_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_choice, "_TINY_ITEMS", 0)
    monkeypatch.setattr(engine_choice, "_WHOLE_ITEMS", 10)
    problem = hard(20, locations=4, seed=1)
    by_items = solve_network(problem, replace(PARAMETERS, engine="items"))
    assert by_items.relative_gap > PARAMETERS.max_relative_gap
    found = solve_network(problem, PARAMETERS)
    assert found.engine == "whole"
    assert found.relative_gap < by_items.relative_gap


def test_a_failed_engine_leaves_the_cheaper_simple_plan_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Outcome:
        raise SolverError("the solver ended as kSolveError")

    monkeypatch.setattr(whole, "linear_optimum", fail)
    problem = hard(12, locations=4, seed=1)
    found = solve_network(problem, PARAMETERS)
    simple = [plan_cost(problem, plan(problem)).objective for plan in (nothing_plan, policy_plan)]
    assert (found.status, found.engine) == ("FALLBACK", "fallback")
    assert found.detail == "SolverError: the solver ended as kSolveError"
    assert found.objective == min(simple)
    assert found.relative_gap == np.inf


def test_a_plan_dearer_than_a_simple_one_is_not_published(monkeypatch: pytest.MonkeyPatch) -> None:
    def bad(problem: Problem, parameters: NetworkParameters, mapper: object) -> Outcome:
        found = solve_tiny(problem, parameters)
        assert found is not None
        return replace(found, plan=replace(found.plan, ordered=found.plan.ordered + 50.0))

    monkeypatch.setattr(engine_choice, "_solved", bad)
    problem = small_problem(3, rows=1)
    simple = [plan_cost(problem, plan(problem)).objective for plan in (nothing_plan, policy_plan)]
    assert solve_network(problem, PARAMETERS).objective == min(simple)
