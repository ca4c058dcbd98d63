"""Minima over a whole order: lifted by value, never against a coupling row, counted where not reached."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from optimization.network.costs import policy_plan, row_use
from optimization.network.problem import Plan
from optimization.network.stating.statement import StatedProblem, state_problem
from optimization.network.stating.usefulness import with_moves
from optimization.network.supplier_minimum import Lines, top_up, with_minimums_met
from optimization.parameters import NetworkParameters
from tests.science_frames import AS_OF, location_limit
from tests.unit.network.day_plans import day_inputs

NO_COST = {"order_cost": 0.0}


def _stated(mean: list[float], **stated: Any) -> tuple[StatedProblem, pd.DataFrame]:
    inputs = day_inputs(mean, **(NO_COST | stated))
    found = state_problem(
        inputs.item_location,
        inputs.policy,
        inputs.protection_demand,
        inputs.open_supply,
        inputs.lane,
        inputs.location_limit,
        inputs.recent_transfer,
        NetworkParameters(),
        AS_OF,
        np.zeros(len(mean), dtype=bool),
    )
    return found, inputs.policy


def _lifted(
    stated: StatedProblem, policy: pd.DataFrame, plan: Plan, **options: Any
) -> tuple[list[float], int]:
    ordered, below = with_minimums_met(stated, stated.problem, policy, plan, **options)
    return ordered.tolist(), below


def test_the_minimum_goes_where_it_avoids_most_shortage() -> None:
    ones = np.ones(3)
    lines = Lines(
        ordered=np.array([5.0, 0.0, 0.0]),
        position=np.array([5.0, 9.0, 30.0]),
        mean=10.0 * ones,
        variance=10.0 * ones,
        unit_cost=ones,
        lot=ones,
        most=40.0 * ones,
        counted=ones,
    )
    units = top_up(lines, 12.0)
    assert units.sum() == 12.0
    assert units[0] >= 5.0 and units[1] > units[2]
    assert top_up(lines, 4.0).tolist() == lines.ordered.tolist()
    # No line may grow past its cover, so that the order stays below its minimum.
    assert top_up(lines, 1e6).tolist() == [35.0, 31.0, 10.0]


def test_an_order_that_reaches_its_minimum_or_has_none_is_left_alone() -> None:
    stated, policy = _stated([10.0, 10.0], on_hand_units=[0.0, 0.0])
    plan = policy_plan(stated.problem)
    assert _lifted(stated, policy, plan) == (plan.ordered.tolist(), 0)
    reached, policy = _stated([10.0, 10.0], on_hand_units=[0.0, 0.0], moq_units=2.0, moq_scope="supplier")
    assert _lifted(reached, policy, plan) == (plan.ordered.tolist(), 0)


def test_an_order_of_nothing_stays_nothing() -> None:
    stated, policy = _stated([10.0, 10.0], on_hand_units=[40.0, 40.0], moq_units=30.0, moq_scope="supplier")
    assert _lifted(stated, policy, policy_plan(stated.problem)) == ([0.0, 0.0], 0)


def test_a_supplier_s_minimum_is_shared_by_its_locations_and_an_order_s_is_not() -> None:
    def lifted(scope: str) -> tuple[list[float], int]:
        columns = {"on_hand_units": [5.0, 20.0, 40.0], "moq_units": 24.0, "moq_scope": scope}
        stated, policy = _stated([10.0] * 3, **columns)
        return _lifted(stated, policy, policy_plan(stated.problem))

    (shared, below), (alone, _) = lifted("supplier"), lifted("order")
    assert (sum(shared), below) == (24.0, 0)
    assert shared[1] > 0
    # At L1 alone the whole minimum stands on one line.
    assert alone == [24.0, 0.0, 0.0]


def test_a_top_up_never_breaks_a_coupling_row() -> None:
    columns: dict[str, Any] = {"on_hand_units": [0.0, 40.0], "moq_units": 28.0, "moq_scope": "order"}
    free, policy = _stated([10.0, 10.0], **columns)
    assert _lifted(free, policy, policy_plan(free.problem)) == ([28.0, 0.0], 0)
    for budget, units in ((40.0 * 28, 28.0), (40.0 * 27, None)):
        limits = location_limit(["L1"], purchase_budget=budget)
        stated, policy = _stated([10.0, 10.0], limits=limits, **columns)
        plan = policy_plan(stated.problem)
        ordered, below = _lifted(stated, policy, plan)
        assert ordered[0] == (units or plan.ordered[0])
        assert below == (units is None)
        used = row_use(stated.problem, Plan(plan.moved, np.array(ordered)))
        assert (used <= stated.problem.rows.capacity).all()


def test_a_top_up_that_is_refused_is_not_made_and_counts_as_below() -> None:
    stated, policy = _stated([10.0, 10.0], on_hand_units=[0.0, 40.0], moq_units=28.0, moq_scope="order")
    plan = policy_plan(stated.problem)
    refused = _lifted(stated, policy, plan, keeps=lambda other: bool(other.ordered.sum() < 28.0))
    assert refused == (plan.ordered.tolist(), 1)


def test_the_problem_may_have_fewer_moves_than_was_stated() -> None:
    stated, policy = _stated([10.0, 10.0], on_hand_units=[0.0, 40.0], moq_units=28.0, moq_scope="order")
    solved = with_moves(stated.problem, np.zeros(0, dtype=np.int64))
    assert len(stated.problem.moves) > 0
    plan = replace(policy_plan(stated.problem), moved=np.zeros(0))
    ordered, below = with_minimums_met(stated, solved, policy, plan)
    assert (ordered.tolist(), below) == ([28.0, 0.0], 0)
