"""What the network model does when its solver fails: a plain plan, FALLBACK, and the reason in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimization.errors import NonFiniteInputError, SolverError
from optimization.network.costs import nothing_plan, plan_cost, policy_plan
from optimization.network.engine_choice import solve_network
from optimization.network.problem import Outcome, Problem
from optimization.network.proof.audit import audit_plan
from optimization.parameters import NetworkParameters
from optimization.solver.call import Ending, Limits, call
from optimization.solver.matrix import MatrixModel
from tests.unit.network.small_problems import small_problem

PARAMETERS = NetworkParameters(engine="whole")
PROBLEM = small_problem(12, items=3, locations=2, rows=1)


def _is_the_simple_plan(problem: Problem, found: Outcome) -> bool:
    simple = [plan_cost(problem, plan(problem)).objective for plan in (nothing_plan, policy_plan)]
    audit = audit_plan(problem, found.plan, found.slack)
    return audit.ok and found.objective == pytest.approx(min(simple))


def _ending(word: str) -> Ending:
    empty = np.empty(0)
    return Ending(word, empty, empty, empty, -np.inf, "highs 0")


@pytest.mark.parametrize("word", ["kUnknown", "kMemoryLimit", "kIterationLimit", "kTimeLimit", "kInterrupt"])
def test_a_solver_without_an_answer_leaves_the_simple_plan(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optimization.solver.highs.call", lambda *_, **__: _ending(word))
    found = solve_network(PROBLEM, PARAMETERS, map)
    assert (found.status, found.engine) == ("FALLBACK", "fallback")
    assert word in found.detail
    assert _is_the_simple_plan(PROBLEM, found)
    assert found.proof.bound == -np.inf
    assert found.relative_gap == np.inf


def test_a_solver_that_refuses_the_model_leaves_the_simple_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Ending:
        raise SolverError("HiGHS answered kError to passModel of model small")

    monkeypatch.setattr("optimization.solver.highs.call", refuse)
    found = solve_network(PROBLEM, PARAMETERS, map)
    assert (found.status, found.detail) == (
        "FALLBACK",
        "SolverError: HiGHS answered kError to passModel of model small",
    )
    assert _is_the_simple_plan(PROBLEM, found)


def test_a_solver_that_gives_a_wrong_point_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    def shifted(model: MatrixModel, limits: Limits, presolve: bool) -> Ending:
        ending = call(model, limits, presolve)
        return replace(ending, values=ending.values + 1.0)

    monkeypatch.setattr("optimization.solver.highs.call", shifted)
    found = solve_network(PROBLEM, PARAMETERS, map)
    assert found.status == "FALLBACK"
    assert _is_the_simple_plan(PROBLEM, found)


@pytest.mark.parametrize("engine", ["whole", "items"])
def test_a_number_that_is_none_reaches_no_engine(engine: str) -> None:
    spoiled = replace(PROBLEM, curves=replace(PROBLEM.curves, mean=PROBLEM.curves.mean * np.nan))
    with pytest.raises(NonFiniteInputError, match=r"input curves.mean holds nan at position 0"):
        solve_network(spoiled, replace(PARAMETERS, engine=engine), map)


@pytest.mark.parametrize("engine", ["whole", "items"])
def test_rows_that_nothing_can_keep_end_with_as_little_slack_as_pays(engine: str) -> None:
    rows = replace(PROBLEM.rows, capacity=np.array([-4.0]), base_use=np.array([2.0]))
    found = solve_network(replace(PROBLEM, rows=rows), replace(PARAMETERS, engine=engine), map)
    assert found.status == "FEASIBLE_WITH_SLACK"
    # No move frees room in this row, so that every unit moved would only add to the slack.
    assert found.slack.tolist() == [6.0]
    assert found.plan.moved.sum() == 0.0
