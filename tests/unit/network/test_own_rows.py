"""Rows of a user's own: they hold in every plan, and the bound that is published knows them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.errors import ContractError, SolverError
from optimization.network import engine_choice
from optimization.network.costs import plan_cost
from optimization.network.engine_choice import solve_network
from optimization.network.own_rows import OwnRows
from optimization.network.planning import NetworkPlan
from optimization.network.problem import Outcome, Plan, Problem
from optimization.network.whole import solve_whole
from optimization.parameters import NetworkParameters
from tests.benchmarks.network_instances import hard
from tests.science_frames import lane
from tests.unit.network.day_plans import day_plan
from tests.unit.network.problems import problem_of
from tests.unit.network.small_problems import small_problem

PARAMETERS = NetworkParameters()
STAR = [("L1", "L2"), ("L1", "L3")]


def at_most_six_to_both(model: Any, places: pd.DataFrame) -> None:
    """No more than 6 units leave L1 for L2 and L3 together."""
    import pyomo.environ as pyo

    location = places["location_id"].tolist()
    moves = model.data.problem.moves
    leaving = [
        move
        for move, (source, target) in enumerate(zip(moves.source, moves.target, strict=True))
        if location[source] == "L1" and location[target] in ("L2", "L3")
    ]
    if leaving:
        model.leaving_l1 = pyo.Constraint(expr=sum(model.moved[move] for move in leaving) <= 6)


def _star(user_rows: Any = None, **columns: Any) -> NetworkPlan:
    terms: dict[str, Any] = {"on_hand_units": [60.0, 0.0, 0.0]} | columns
    return day_plan([5.0, 6.0, 8.0], lanes=lane(STAR), user_rows=user_rows, **terms)


def test_what_may_leave_one_location_for_two_others_together() -> None:
    free, bound = _star(), _star(at_most_six_to_both)
    assert free.frames.transfer_order["transfer_units"].sum() > 6
    assert bound.frames.transfer_order["transfer_units"].sum() == 6
    run, before = (plan.frames.network_solver_run.iloc[0] for plan in (bound, free))
    assert run["objective"] > before["objective"]
    assert run["solver_status"] in ("OPTIMAL", "WITHIN_GAP")
    assert run["relative_gap"] <= 0.001
    # Only simpler rules that keep the row are compared.
    assert set(bound.frames.network_baseline["plan_method"]) < set(
        free.frames.network_baseline["plan_method"]
    )


def test_a_row_that_no_plan_breaks_changes_nothing() -> None:
    def many(model: Any, places: pd.DataFrame) -> None:
        model.many = _constraint(sum(model.moved[move] for move in model.moved) <= 1_000)

    free, bound = _star().frames, _star(many).frames
    assert bound.transfer_order["transfer_units"].sum() == free.transfer_order["transfer_units"].sum()
    objective = (frames.network_solver_run["objective"].iloc[0] for frames in (free, bound))
    assert next(objective) == pytest.approx(next(objective), rel=1e-6)


def test_a_move_that_would_not_pay_is_made_where_a_row_asks_for_it() -> None:
    def three(model: Any, places: pd.DataFrame) -> None:
        model.three = _constraint(model.moved[0] >= 3)

    dear = lane([("L1", "L2")], unit=500.0)
    columns: dict[str, Any] = {"lanes": dear, "on_hand_units": [40.0, 30.0]}
    assert day_plan([5.0, 5.0], **columns).frames.transfer_order.empty
    moved = day_plan([5.0, 5.0], user_rows=three, **columns).frames.transfer_order
    assert moved["transfer_units"].tolist() == [3.0]


def test_lots_and_own_rows_are_searched_together() -> None:
    plan = _star(at_most_six_to_both, lot_units=4.0, moq_units=8.0)
    orders = plan.frames.replenishment_order["replenish_units"]
    assert plan.frames.transfer_order["transfer_units"].sum() <= 6
    assert len(orders) and (orders % 4 == 0).all() and (orders >= 8).all()


def test_a_suppliers_minimum_is_not_met_against_an_own_row() -> None:
    def few(model: Any, places: pd.DataFrame) -> None:
        model.few = _constraint(sum(model.ordered[place] for place in model.ordered) <= 20)

    terms: dict[str, Any] = {"lanes": lane([]), "moq_units": 30.0, "moq_scope": "supplier", "order_cost": 0.0}
    on_hand: dict[str, Any] = {"on_hand_units": [0.0, 20.0, 40.0]}
    plan = day_plan([10.0] * 3, user_rows=few, **terms, **on_hand)
    assert plan.frames.replenishment_order["replenish_units"].sum() <= 20
    assert plan.report["orders_below_minimum"] == 1


def test_rows_that_nothing_keeps_stop_the_plan_and_are_named() -> None:
    def impossible(model: Any, places: pd.DataFrame) -> None:
        model.too_much = _constraint(sum(model.moved[move] for move in model.moved) >= 1_000)

    with pytest.raises(SolverError, match=r"network\.user_rows") as failure:
        _star(impossible)
    assert "too_much" in str(failure.value)


def test_a_row_over_a_variable_of_the_models_own_is_refused() -> None:
    def inner(model: Any, places: pd.DataFrame) -> None:
        model.inner = _constraint(model.piece[0] <= 1)

    with pytest.raises(ContractError, match=r"piece\[0\]"):
        _star(inner)


def test_lots_in_a_problem_too_large_for_one_search_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_choice, "_OWN_COLUMNS", 10)
    with pytest.raises(ContractError, match="Plan fewer items or locations"):
        _star(at_most_six_to_both, lot_units=4.0)


@pytest.mark.parametrize("seed", range(4))
def test_the_plan_is_the_best_of_all_that_keep_the_row(seed: int) -> None:
    problem = small_problem(seed, rows=1)
    add = _most_moved(1)
    found = solve_network(problem, PARAMETERS, own=OwnRows.of(problem, add))
    assert found.plan.moved.sum() <= 1
    assert found.objective == pytest.approx(_best_kept(problem, 1), rel=1e-7)
    assert found.proof.bound <= found.objective + 1e-6


@pytest.mark.parametrize("seed", range(6))
def test_no_price_of_an_own_row_lifts_the_bound_above_the_best_plan(seed: int) -> None:
    problem, most = small_problem(seed, rows=1), 1
    own, best = OwnRows.of(problem, _most_moved(most)), _best_kept(problem, most)
    proof = solve_network(problem, PARAMETERS).proof
    rng = np.random.default_rng(seed)
    bounds = [own.bound(problem, proof, np.array([price])) for price in (*rng.normal(0, 5, 8), -1e3, 0.0)]
    assert max(bounds) <= best + 1e-6
    assert min(bounds) > -np.inf


def test_the_linear_bound_is_raised_by_the_rows_price() -> None:
    problem = hard(30, locations=5, seed=3)
    free = solve_whole(problem, PARAMETERS)
    most = 0.3 * float(free.plan.moved.sum())
    own = OwnRows.of(problem, _most_moved(most))
    found: Outcome = solve_whole(problem, PARAMETERS, own)
    assert own.keeps(found.plan) and not own.keeps(free.plan)
    assert free.proof.bound < found.proof.bound <= found.objective
    assert found.relative_gap <= 0.01


@pytest.mark.parametrize(("least", "kept"), [(0.0, True), (4.0, False)])
def test_a_row_may_have_variables_of_its_own(least: float, kept: bool) -> None:
    def either(model: Any) -> None:
        import pyomo.environ as pyo

        # Both lanes together carry nothing, or at least `least` and at most 6.
        model.is_open = pyo.Var(domain=pyo.Binary)
        both = model.moved[0] + model.moved[1]
        model.at_least = pyo.Constraint(expr=both >= least * model.is_open)
        model.at_most = pyo.Constraint(expr=both <= 6 * model.is_open)

    problem = problem_of(
        position=[30.0, 0.0, 0.0], spare=[20.0, 0.0, 0.0], mean=[2.0, 5.0, 5.0], moves=[(0, 1), (0, 2)]
    )
    own = OwnRows.of(problem, either)
    assert own.keeps(Plan(np.array([1.0, 1.0]), np.zeros(3))) is kept
    assert own.keeps(Plan(np.zeros(2), np.zeros(3)))
    assert not own.keeps(Plan(np.array([5.0, 2.0]), np.zeros(3)))
    found = solve_network(problem, PARAMETERS, own=own)
    assert found.plan.moved.sum() == 6.0
    assert found.proof.bound == pytest.approx(found.objective, rel=1e-3)


def _constraint(expression: Any) -> Any:
    import pyomo.environ as pyo

    return pyo.Constraint(expr=expression)


def _most_moved(units: float) -> Any:
    def add(model: Any) -> None:
        model.most_moved = _constraint(sum(model.moved[move] for move in model.moved) <= units)

    return add


def _best_kept(problem: Problem, most: float) -> float:
    """The least cost of all whole-unit plans that move no more than `most`."""
    moves, places = problem.moves, problem.places
    limits = np.concatenate([moves.limit, places.order_limit]).astype(int)
    least = np.inf
    for units in np.ndindex(*(limits + 1)):
        moved, ordered = np.split(np.array(units, dtype=float), [len(moves)])
        given = np.bincount(moves.source, moved, len(places))
        if moved.sum() <= most and (given <= places.spare).all():
            least = min(least, plan_cost(problem, Plan(moved, ordered)).objective)
    return least
