"""The simpler rules on cases small enough to check by hand, and that their plans keep the model's rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimization.errors import AuditError
from optimization.network.baselines.balanced_days import balanced_days
from optimization.network.baselines.comparison import check_none_is_better, compared
from optimization.network.baselines.plans import baseline_plans
from optimization.network.baselines.threshold import Thresholds, threshold
from optimization.network.baselines.turn_and_earn import turn_and_earn
from optimization.network.costs import nothing_plan, plan_cost, position_after, row_use
from optimization.network.problem import Plan, Problem
from tests.benchmarks.network_instances import hard
from tests.unit.network.problems import problem_of
from tests.unit.network.small_problems import small_problem

RATE = np.array([1.0, 1.0, 2.0])


def _three(**changes: object) -> Problem:
    """L1 has 40 and may give 30; L2 sells one a day, L3 two; both are empty."""
    columns = {
        "position": [40.0, 0.0, 0.0],
        "spare": [30.0, 0.0, 0.0],
        "mean": [5.0, 5.0, 10.0],
        "moves": [(0, 1), (0, 2)],
    }
    return problem_of(**(columns | changes))


def test_days_of_supply_are_levelled() -> None:
    plan = baseline_plans(_three(), RATE)["balanced_days"]
    assert (position_after(_three(), plan) / RATE).tolist() == [10.0, 10.0, 10.0]


def test_a_donor_that_may_not_give_that_much_levels_the_others() -> None:
    wish = balanced_days(_three(spare=[9.0, 0.0, 0.0]), RATE)
    assert (wish.give.tolist(), wish.take.tolist()) == ([9.0, 0.0, 0.0], [0.0, 3.0, 6.0])


def test_stock_that_nobody_sells_there_is_shared_too() -> None:
    wish = balanced_days(_three(spare=[40.0, 0.0, 0.0]), np.array([0.0, 1.0, 2.0]))
    assert (wish.give.tolist(), wish.take.tolist()) == ([40.0, 0.0, 0.0], [0.0, 13.0, 27.0])


def test_sales_earn_the_spare_stock_whatever_a_location_has() -> None:
    wish = turn_and_earn(_three(position=[40.0, 50.0, 0.0]), RATE)
    # 30 spare by 1 : 1 : 2 is 7.5, 7.5, 15; the larger remainder, and then the first, is rounded up.
    assert (wish.give.tolist(), wish.take.tolist()) == ([22.0, 0.0, 0.0], [0.0, 7.0, 15.0])


@pytest.mark.parametrize(
    ("rate", "thresholds", "given"),
    [
        (1.0, Thresholds(burnout_days=30.0), 30.0),
        (1.0, Thresholds(burnout_days=31.0), 0.0),
        (0.0, Thresholds(), 30.0),
        (0.1, Thresholds(part_cost=8.0), 0.0),
        (0.1, Thresholds(total_cost=211.0), 0.0),
        (0.1, Thresholds(part_cost=7.0, total_cost=210.0), 30.0),
    ],
)
def test_excess_is_sent_away_beyond_every_threshold(
    rate: float, thresholds: Thresholds, given: float
) -> None:
    wish = threshold(_three(), np.array([rate, 1.0, 2.0]), np.full(3, 7.0), thresholds)
    assert wish.give.tolist() == [given, 0.0, 0.0]
    assert wish.take.tolist() == [0.0, 5.0, 10.0]


def test_the_rule_engine_helps_first_who_runs_out_first() -> None:
    problem = _three(position=[40.0, 2.0, 1.0], spare=[10.0, 0.0, 0.0])
    assert baseline_plans(problem, RATE)["rule_engine"].moved.tolist() == [1.0, 9.0]


def test_the_rule_engine_takes_the_nearest_donor() -> None:
    problem = problem_of(
        position=[9.0, 9.0, 0.0],
        spare=[4.0, 4.0, 0.0],
        mean=[5.0, 5.0, 6.0],
        moves=[(0, 2), (1, 2)],
        lane_cost=[3.0, 2.0],
    )
    assert baseline_plans(problem, RATE)["rule_engine"].moved.tolist() == [2.0, 4.0]


def test_what_transfers_do_not_cover_is_ordered_in_lots() -> None:
    columns = {"level": [-np.inf, -np.inf, 45.0], "order_limit": [0.0, 0.0, 48.0], "lot": 12.0, "moq": 12.0}
    plans = baseline_plans(_three(places=columns), RATE)
    assert plans["policy_alone"].ordered.tolist() == [0.0, 0.0, 48.0]
    assert plans["rule_engine"].moved.tolist() == [5.0, 25.0]
    assert plans["rule_engine"].ordered.tolist() == [0.0, 0.0, 24.0]
    assert plans["nothing"].ordered.tolist() == [0.0, 0.0, 0.0]


def test_a_budget_is_spent_where_stock_ends_first() -> None:
    columns = {"level": [-np.inf, 9.0, 9.0], "order_limit": [0.0, 9.0, 9.0]}
    problem = _three(
        position=[40.0, 3.0, 0.0],
        spare=0.0,
        places=columns,
        rows=[("budget", "* money", 11.0, 0.0, 99.0)],
        order_use=[(1, 0, 1.0), (2, 0, 1.0)],
    )
    assert baseline_plans(problem, RATE)["policy_alone"].ordered.tolist() == [0.0, 2.0, 9.0]


def test_lane_minimum_multiple_and_rows_are_kept() -> None:
    rows = [("lane", "L1>L3 units", 13.0, 0.0, 99.0), ("storage", "L1 units", 2.0, 40.0, 99.0)]
    problem = _three(
        move_columns={"minimum": [11.0, 0.0], "multiple": [1.0, 4.0]},
        rows=rows,
        move_use=[(0, 1, -1.0), (1, 0, 1.0), (1, 1, -1.0)],
    )
    # L2 wants 10 only, less than its lane's minimum; L3 wants 20, its lane carries 13, in fours.
    assert baseline_plans(problem, RATE)["balanced_days"].moved.tolist() == [0.0, 12.0]


@pytest.mark.parametrize("seed", [1, 2])
def test_baselines_are_feasible_plans_of_the_model(seed: int) -> None:
    problem = hard(40, 6, seed)
    rate = np.bincount(problem.curves.place, weights=problem.curves.mean) / 21.0
    before = np.maximum(problem.rows.base_use, problem.rows.capacity)
    for name, plan in baseline_plans(problem, rate).items():
        given = np.bincount(problem.moves.source, weights=plan.moved, minlength=len(problem.places))
        assert (given <= problem.places.spare).all(), name
        assert (plan.moved <= problem.moves.limit).all(), name
        assert (plan.ordered <= problem.places.order_limit).all(), name
        assert (row_use(problem, plan) <= before + 1e-6).all(), name
        for units in (plan.moved, plan.ordered):
            assert (units == np.round(units)).all(), name
        assert plan.moved.any() == (name not in {"nothing", "policy_alone"}), name


def test_a_baseline_that_is_better_stops_the_run() -> None:
    problem = _three()
    plans = {"nothing": nothing_plan(problem)}
    cost = plan_cost(problem, plans["nothing"]).objective
    check_none_is_better(problem, cost, plans)
    with pytest.raises(AuditError, match="the baseline nothing"):
        check_none_is_better(problem, cost * 1.001, plans)


def test_cost_and_service_stand_side_by_side_in_total_and_by_group() -> None:
    problem = _three()
    mean, variance = problem.curves.mean, problem.curves.variance
    ours = Plan(np.array([8.0, 14.0]), np.zeros(3))
    kinds = np.array(["part", "vehicle", "vehicle"], dtype=object)
    frame = compared(
        problem, ours, baseline_plans(problem, RATE), mean, variance, {"item_kind": kinds}
    ).set_index(["plan_method", "breakdown", "breakdown_value"])
    total = frame.xs(("all", "*"), level=(1, 2))
    assert total.loc["network_model", "plan_cost"] == pytest.approx(plan_cost(problem, ours).true_cost)
    assert total.loc["network_model", "objective_above_plan"] == 0.0
    assert total.loc["nothing", "objective_above_plan"] > 100
    # Without a move L2 and L3 fill nothing of their 15 of 20 units.
    assert total.loc["nothing", "expected_fill_rate"] == pytest.approx(0.25, abs=1e-6)
    assert total.loc["network_model", "expected_fill_rate"] > 0.9
    by_kind = frame.xs("item_kind", level=1)["plan_cost"].groupby(level=0).sum()
    assert by_kind.to_numpy() == pytest.approx(total["plan_cost"].sort_index().to_numpy())


@pytest.mark.parametrize("seed", range(4))
def test_the_objective_is_what_the_model_minimises(seed: int) -> None:
    problem = small_problem(seed)
    plan = Plan(problem.moves.limit, problem.places.order_limit)
    frame = compared(problem, plan, {}, np.ones(4), np.ones(4), {})
    cost = plan_cost(problem, plan)
    assert frame["objective"].iloc[0] == pytest.approx(cost.objective)
    assert frame["plan_cost"].iloc[0] == pytest.approx(cost.true_cost)
    assert frame["penalty_cost"].iloc[0] == pytest.approx(
        cost.level_penalty + cost.floor_penalty + cost.slack
    )


def test_a_plan_that_needs_slack_is_not_feasible() -> None:
    problem = _three(rows=[("lane", "L1>L2 units", 3.0, 0.0, 99.0)], move_use=[(0, 0, 1.0)])
    frame = compared(
        problem,
        Plan(np.array([4.0, 0.0]), np.zeros(3)),
        {"nothing": nothing_plan(problem)},
        problem.curves.mean,
        problem.curves.variance,
        {},
    )
    assert frame["is_feasible"].tolist() == [False, True]


def test_rules_do_not_hang_on_what_an_item_before_them_does() -> None:
    two = problem_of(
        item=[0, 0, 0, 1, 1, 1],
        position=[40.0, 0, 0, 7.0, 3.0, 0.0],
        spare=[30.0, 0, 0, 5.0, 0, 0],
        mean=[5.0, 5, 10, 2, 4, 4],
        moves=[(0, 1), (0, 2), (3, 4), (3, 5)],
    )
    one = replace(_three(), name="one")
    alone, both = baseline_plans(one, RATE), baseline_plans(two, np.concatenate([RATE, RATE]))
    for name, plan in alone.items():
        assert both[name].moved[:2].tolist() == plan.moved.tolist(), name
