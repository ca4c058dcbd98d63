"""The audit agrees with the costs that engines use, and sees every kind of breach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimization.network.costs import nothing_plan, plan_cost
from optimization.network.problem import Plan, Problem
from optimization.network.proof.audit import audit_plan
from tests.benchmarks.network_instances import hard
from tests.unit.network.small_problems import best_plan, small_problem


@pytest.mark.parametrize("segments", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_the_best_plan_passes_and_costs_what_it_is_said_to_cost(seed: int, segments: int) -> None:
    problem = small_problem(seed, items=1, rows=2, segments=segments)
    plan, cost = best_plan(problem)
    needed = audit_plan(problem, plan).slack
    audit = audit_plan(problem, plan, needed)
    assert audit.ok, audit.breach
    assert audit.objective == pytest.approx(cost, rel=1e-10)


@pytest.mark.parametrize(
    "changes", [{}, {"kind": "count"}, {"segments": 3}, {"lots": True}, {"policy": True}]
)
def test_made_instances_cost_the_same_both_ways(changes: dict[str, object]) -> None:
    problem = hard(40, 6, seed=3, **changes)
    some = np.random.default_rng(2).random(len(problem.moves)) < 0.05
    for plan in (nothing_plan(problem), Plan(problem.moves.limit * some, problem.places.order_limit)):
        audit = audit_plan(problem, plan)
        assert audit.objective == pytest.approx(plan_cost(problem, plan).objective, rel=1e-10)


def _broken(rule: str) -> tuple[Problem, Plan]:
    problem = hard(20, 5, seed=1, lots=True)
    moved, ordered = np.zeros(len(problem.moves)), np.zeros(len(problem.places))
    moves, places = problem.moves, problem.places
    order = int(np.argmax(places.order_limit))
    lane = int(np.flatnonzero((moves.multiple == 4) & (moves.limit >= 8))[0])
    if rule == "whole":
        moved[lane] = 8.5
    elif rule == "negative":
        moved[lane] = -4.0
    elif rule == "limit":
        moved[lane] = moves.limit[lane] + 4.0
    elif rule == "spare":
        moved[moves.source == moves.source[lane]] = moves.limit[moves.source == moves.source[lane]]
    elif rule == "minimum":
        problem = replace(problem, moves=replace(moves, minimum=np.full(len(moves), 8.0)))
        moved[lane] = 4.0
    elif rule == "multiple":
        moved[lane] = 6.0
    elif rule == "order_limit":
        ordered[order] = places.order_limit[order] + places.lot[order]
    elif rule == "lot":
        problem = replace(problem, places=replace(places, lot=np.full(len(places), 7.0)))
        ordered[order] = 8.0
    elif rule == "moq":
        problem = replace(problem, places=replace(places, moq=places.order_limit + 1.0))
        ordered[order] = places.order_limit[order]
    elif rule == "same_item":
        target = np.where(np.arange(len(moves)) == lane, len(places) - 1, moves.target)
        problem = replace(problem, moves=replace(moves, target=target))
        moved[lane] = 4.0
    elif rule == "rows":
        moved = moves.limit * 0.0 + np.where(np.arange(len(moves)) % 7 == 0, moves.limit, 0.0)
        problem = replace(problem, rows=replace(problem.rows, capacity=problem.rows.base_use))
    return problem, Plan(moved, ordered)


@pytest.mark.parametrize(
    "rule",
    [
        "whole",
        "negative",
        "limit",
        "spare",
        "minimum",
        "multiple",
        "order_limit",
        "lot",
        "moq",
        "same_item",
        "rows",
    ],
)
def test_a_breach_is_found_under_its_name(rule: str) -> None:
    problem, plan = _broken(rule)
    audit = audit_plan(problem, plan)
    assert not audit.ok
    assert audit.breach[rule] > 0.1


def test_conservation_counts_units_that_change_the_item() -> None:
    problem, plan = _broken("same_item")
    assert audit_plan(problem, plan).breach["conservation"] == 4.0


def test_slack_that_is_admitted_is_no_breach_but_costs() -> None:
    problem, plan = _broken("rows")
    needed = audit_plan(problem, plan).slack
    audit = audit_plan(problem, plan, needed)
    assert audit.breach["rows"] == 0.0
    free = replace(problem, rows=replace(problem.rows, slack_price=np.zeros(len(problem.rows))))
    paid = audit.objective - audit_plan(free, plan, needed).objective
    assert paid == pytest.approx(problem.rows.slack_price @ needed)


@pytest.mark.parametrize("moved", [np.zeros(0), np.array([np.nan])])
def test_a_plan_that_is_no_plan_is_told_and_raises_nothing(moved: np.ndarray) -> None:
    problem = small_problem(1, items=1, locations=2)
    moved = np.resize(moved, len(problem.moves)) if len(moved) else np.zeros(len(problem.moves) + 1)
    audit = audit_plan(problem, Plan(moved, np.zeros(len(problem.places))))
    assert not audit.ok
    assert audit.breach == {"numbers": np.inf}
