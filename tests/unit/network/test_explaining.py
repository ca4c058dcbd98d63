"""Reasons of moves, orders, deviations and non-moves on cases small enough to check by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from optimization.network.costs import plan_cost, row_use
from optimization.network.problem import Plan, Problem
from optimization.network.telling.explaining import explanations
from optimization.network.telling.tables import (
    Decided,
    network_rows,
    policy_versions,
    position_plans,
    problem_hash,
    replenishment_orders,
    solver_run,
    transfer_orders,
)
from optimization.network.telling.worth import move_worth, order_worth
from optimization.network.trimming import without_losing_moves
from tests.unit.network.decided_plans import decided
from tests.unit.network.problems import problem_of
from tests.unit.network.small_problems import small_problem


def _one_move(**changes: object) -> Problem:
    """L1 has 12 and needs 2, L2 has nothing and needs 5."""
    return problem_of(
        position=[12.0, 0.0], spare=[8.0, 0.0], mean=[2.0, 5.0], moves=[(0, 1)], lane_cost=1.0, **changes
    )


def _explained(plan: Decided, most: int = 100) -> pd.DataFrame:
    price = plan.outcome.proof.row_price
    moved, ordered = move_worth(plan.problem, plan.plan, price), order_worth(plan.problem, plan.plan, price)
    return explanations(
        plan, moved, ordered, transfer_orders(plan, moved), replenishment_orders(plan, ordered), most
    )


def test_a_move_wins_what_the_plan_without_it_costs_more() -> None:
    problem = _one_move()
    plan = Plan(np.array([6.0]), np.zeros(2))
    worth = move_worth(problem, plan, np.zeros(0))
    without = plan_cost(problem, Plan(np.zeros(1), np.zeros(2))).true_cost
    assert worth.gain[0] == pytest.approx(without - plan_cost(problem, plan).true_cost)
    assert worth.cost[0] == 6.0


@pytest.mark.parametrize("seed", range(8))
def test_gains_agree_with_the_cost_of_the_whole_plan(seed: int) -> None:
    # Without a level nothing is ordered instead, so taking a decision back costs just its gain.
    problem = small_problem(seed)
    problem = replace(problem, places=replace(problem.places, level=np.full(4, -np.inf)))
    rng = np.random.default_rng(seed)
    plan = Plan(rng.integers(0, 2, len(problem.moves)).astype(float), rng.integers(0, 3, 4).astype(float))
    price = rng.uniform(0, 3, 1)

    def cost(other: Plan) -> float:
        found = plan_cost(problem, other)
        return found.true_cost + found.floor_penalty

    moves, orders = move_worth(problem, plan, price), order_worth(problem, plan, price)
    for move, gain in zip(moves.number, moves.gain, strict=True):
        without = Plan(np.where(np.arange(len(plan.moved)) == move, 0.0, plan.moved), plan.ordered)
        assert gain == pytest.approx(cost(without) - cost(plan), abs=1e-8)
    for place, gain in zip(orders.number, orders.gain, strict=True):
        without = Plan(plan.moved, np.where(np.arange(4) == place, 0.0, plan.ordered))
        assert gain == pytest.approx(cost(without) - cost(plan), abs=1e-8)


def test_a_move_that_replaces_an_order_is_worth_no_more_than_the_order() -> None:
    level = {"level": [-np.inf, 8.0], "level_price": [0.0, 90.0], "order_limit": [0.0, 8.0]}
    alone, with_supplier = _one_move(), _one_move(places=level)
    plan = Plan(np.array([8.0]), np.zeros(2))
    dear = move_worth(alone, plan, np.zeros(0)).destination[0]
    assert dear > 10
    # The supplier would fill up to the level at no cost, so at the end nothing is won.
    assert move_worth(with_supplier, plan, np.zeros(0)).destination[0] == pytest.approx(0.0)


def test_what_the_policys_level_counts_for_is_told_apart() -> None:
    level = {"level": [-np.inf, 8.0], "level_price": [0.0, 90.0]}
    plan = decided(_one_move(places=level), [6.0], need=[0.0, 8.0])
    worth, alone = (
        move_worth(problem, plan.plan, np.zeros(0)) for problem in (_one_move(places=level), _one_move())
    )
    assert worth.policy.tolist() == [540.0]
    assert worth.destination[0] == pytest.approx(alone.destination[0] + 540.0)
    told = _explained(plan).iloc[0]
    assert "(540.00 of it the policy's level)" in told["detail"] and told["policy_value"] == 540.0


def test_moves_that_do_not_pay_are_taken_back_and_the_objective_falls() -> None:
    problem = problem_of(
        position=[12.0, 3.0, 0.0],
        spare=[8.0, 3.0, 0.0],
        mean=[2.0, 1.0, 5.0],
        moves=[(0, 1), (0, 2), (1, 2)],
        lane_cost=2.0,
        factor=1.2,
    )
    plan = Plan(np.array([1.0, 5.0, 0.0]), np.zeros(3))
    kept = without_losing_moves(problem, plan)
    assert kept.moved.tolist() == [0.0, 5.0, 0.0]
    assert plan_cost(problem, kept).objective < plan_cost(problem, plan).objective


def test_a_move_that_frees_room_stays() -> None:
    columns = {"rows": [("storage", "L1 units", 10.0, 12.0, 99.0)], "move_use": [(0, 0, -1.0)]}
    problem = problem_of(
        position=[12.0, 9.0], spare=[8.0, 0.0], mean=[20.0, 5.0], moves=[(0, 1)], lane_cost=2.0, **columns
    )
    plan = Plan(np.array([2.0]), np.zeros(2))
    assert move_worth(problem, plan, np.zeros(1)).gain[0] < 0
    assert without_losing_moves(problem, plan).moved.tolist() == [2.0]


@pytest.mark.parametrize("seed", range(6))
def test_taking_back_never_costs_and_never_breaks_a_row(seed: int) -> None:
    problem = small_problem(seed, rows=2)
    rng = np.random.default_rng(seed)
    plan = Plan(np.minimum(rng.integers(0, 2, len(problem.moves)), problem.moves.limit), np.zeros(4))
    kept = without_losing_moves(problem, plan)
    assert plan_cost(problem, kept).objective <= plan_cost(problem, plan).objective + 1e-9
    assert (row_use(problem, kept) <= np.maximum(row_use(problem, plan), problem.rows.capacity) + 1e-9).all()
    again = without_losing_moves(problem, kept)
    assert again.moved.tolist() == kept.moved.tolist()


def test_a_transfer_says_what_scarce_capacity_it_takes() -> None:
    problem = _one_move(rows=[("lane", "L1>L2 units", 4.0, 0.0, 99.0)], move_use=[(0, 0, 1.0)])
    plan = decided(problem, [4.0], row_price=[3.0])
    row = transfer_orders(plan, move_worth(problem, plan.plan, np.array([3.0]))).iloc[0]
    assert (row["scarcity_charge"], row["binding_row"]) == (12.0, "lane: L1>L2 units")
    assert row["net_gain"] == pytest.approx(
        row["destination_value"] - row["source_value"] - row["transfer_cost"]
    )
    told = _explained(plan).iloc[0]
    assert told["decision_kind"] == "transfer" and told["decision_id"] == row["transfer_order_id"]
    assert "scarce capacity 12.00 (lane: L1>L2 units)" in told["detail"]


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("LANE_COSTS_MORE", {"lane_cost": 30.0}),
        ("WITHIN_MOVE_DEAD_BAND", {"lane_cost": 7.0, "factor": 1.5}),
        ("LANE_MINIMUM", {"lane_cost": 1.0, "move_columns": {"minimum": 9.0}}),
        ("GAIN_WITHIN_GAP", {"lane_cost": 1.0}),
    ],
)
def test_the_best_move_left_out_says_why(reason: str, changes: dict[str, object]) -> None:
    problem = problem_of(
        position=[12.0, 0.0], spare=[8.0, 0.0], mean=[2.0, 5.0], moves=[(0, 1)], **({"factor": 1.2} | changes)
    )
    told = _explained(decided(problem, [0.0]))
    (row,) = told[told["decision_kind"] == "non_move"].to_dict("records")
    assert (row["from_location_id"], row["location_id"], row["reason_code"]) == ("L1", "L2", reason)
    # Nothing at all at L2: its first unit is worth the shortage cost but for what it may be held.
    assert row["destination_value"] == pytest.approx(9.0 - 10.0 * np.exp(-5.0), abs=1e-6)


def test_a_full_row_is_named_where_it_stops_a_move() -> None:
    problem = _one_move(rows=[("handling", "L1 units", 2.0, 0.0, 99.0)], move_use=[(0, 0, 1.0)])
    told = _explained(decided(problem, [2.0], row_price=[50.0]))
    row = told[told["decision_kind"] == "non_move"].iloc[0]
    assert (row["reason_code"], row["binding_row"]) == ("CAPACITY_BINDS", "handling: L1 units")


@pytest.mark.parametrize(
    ("reason", "spare", "lanes"),
    [
        ("NO_LANE", 8.0, []),
        ("LANE_NOT_USABLE", 8.0, [("L1", "L2")]),
        ("DONOR_PROTECTED", 0.0, [("L1", "L2")]),
    ],
)
def test_without_a_move_the_nearest_obstacle_is_told(
    reason: str, spare: float, lanes: list[tuple[str, str]]
) -> None:
    problem = problem_of(position=[12.0, 0.0], spare=[spare, 0.0], mean=[2.0, 5.0])
    told = _explained(decided(problem, [], lanes=lanes))
    assert told[["decision_kind", "reason_code"]].to_numpy().tolist() == [["non_move", reason]]


def test_only_the_best_non_moves_are_told_most_worth_first() -> None:
    problem = problem_of(position=[30.0, 0.0, 1.0], spare=[9.0, 0.0, 0.0], mean=[2.0, 5.0, 5.0])
    plan = decided(problem, [])
    assert _explained(plan)["location_id"].tolist() == ["L2", "L3"]
    assert _explained(plan, most=1)["location_id"].tolist() == ["L2"]


def test_an_order_that_the_budget_cuts_says_so_at_the_place_too() -> None:
    problem = problem_of(
        position=[0.0],
        mean=[5.0],
        rows=[("budget", "* money", 3.0, 0.0, 99.0)],
        order_use=[(0, 0, 1.0)],
        places={"level": 8.0, "level_price": 90.0, "order_limit": 8.0},
    )
    plan = decided(problem, [], [3.0], row_price=[5.0], need=[8.0])
    order = replenishment_orders(plan, order_worth(problem, plan.plan, np.array([5.0]))).iloc[0]
    assert (order["reason_code"], order["binding_row"]) == ("ORDER_CUT", "budget: * money")
    assert (order["scarcity_charge"], order["lot_count"]) == (15.0, 3)
    assert order["expected_service_without"] == 0.0 < order["expected_service_with"] < 1.0
    assert position_plans(plan)["reason_code"].tolist() == ["BUDGET_BINDS"]
    told = _explained(plan).set_index("decision_kind")
    assert told.loc["deviation", "decision_units"] == 5.0
    assert told.loc["deviation", "net_gain"] < 0
    assert "the budget is spent where it is worth more" in told.loc["deviation", "detail"]


def test_a_row_says_whether_it_holds_back_gives_way_or_was_over_before() -> None:
    rows = [
        ("lane", "free", 9.0, 0.0, 99.0),
        ("lane", "full", 4.0, 0.0, 99.0),
        ("lane", "gives", 3.0, 0.0, 99.0),
        ("storage", "over", 1.0, 7.0, 99.0),
    ]
    problem = _one_move(rows=rows, move_use=[(0, row, 1.0) for row in range(3)])
    plan = decided(problem, [4.0], row_price=[0.0, 2.0, 99.0, 99.0], status="FEASIBLE_WITH_SLACK")
    frame = network_rows(plan)
    assert frame["reason_code"].tolist() == [
        "CAPACITY_FREE",
        "CAPACITY_BINDS",
        "CAPACITY_GAVE_WAY",
        "OVER_BEFORE_THE_PLAN",
    ]
    assert frame["row_slack"].tolist() == [0.0, 0.0, 1.0, 6.0]
    run = solver_run(plan, 0.0, True, "none", 7).iloc[0]
    assert (run["slack_reason"], run["slack_units"]) == ("lane 1; storage 6", 7.0)


def test_an_order_lifted_to_a_suppliers_minimum_says_so() -> None:
    problem = problem_of(position=[0.0], mean=[5.0], places={"order_limit": 8.0})
    lifted = replace(decided(problem, [], [8.0]), topped=np.array([True]))
    order = replenishment_orders(lifted, order_worth(problem, lifted.plan, np.zeros(0))).iloc[0]
    assert order["reason_code"] == "SUPPLIER_MINIMUM"
    assert position_plans(lifted)["reason_code"].tolist() == ["SUPPLIER_MINIMUM"]


def test_a_row_tells_the_capacity_that_the_source_states() -> None:
    # A store that is over its limit already need not be emptied: the model's row is what stands there.
    problem = _one_move(rows=[("storage", "L1 units", 7.0, 7.0, 99.0)], move_use=[(0, 0, -1.0)])
    plan = replace(decided(problem, [2.0]), stated_capacity=np.array([4.0]))
    row = network_rows(plan).iloc[0]
    assert (row["row_capacity"], row["row_use_after"], row["row_slack"]) == (4.0, 5.0, 1.0)
    assert row["reason_code"] == "OVER_BEFORE_THE_PLAN"


def test_a_fallback_is_published_as_one() -> None:
    problem = problem_of(position=[0.0], mean=[5.0], places={"level": 8.0, "order_limit": 8.0})
    plan = decided(problem, [], [8.0], need=[8.0], status="FALLBACK")
    order = replenishment_orders(plan, order_worth(problem, plan.plan, np.zeros(0))).iloc[0]
    assert (order["reason_code"], order["method"], order["status"]) == (
        "SOLVER_NO_SOLUTION",
        "policy_fallback",
        "FALLBACK",
    )
    assert position_plans(plan)["status"].tolist() == ["FALLBACK"]


def test_a_re_run_of_the_day_makes_the_same_order_whatever_its_size() -> None:
    problem = problem_of(position=[0.0], mean=[5.0], places={"level": 8.0, "order_limit": 8.0})

    def order_id(units: float, day: int) -> str:
        plan = decided(problem, [], [units], need=[8.0])
        plan = replace(plan, as_of=plan.as_of + pd.Timedelta(days=day))
        frame = replenishment_orders(plan, order_worth(problem, plan.plan, np.zeros(0)))
        return str(frame["replenishment_order_id"].iloc[0])

    assert order_id(8.0, 0) == order_id(5.0, 0) != order_id(8.0, 1)


def test_the_policy_version_changes_with_its_levels() -> None:
    policy = decided(problem_of(position=[0.0], mean=[5.0]), []).policy
    raised = policy.assign(order_up_to_units=policy["order_up_to_units"] + 1)
    assert policy_versions(policy) == policy_versions(policy.copy()) != policy_versions(raised)


def test_equal_problems_have_equal_fingerprints() -> None:
    assert problem_hash(small_problem(1)) == problem_hash(small_problem(1)) != problem_hash(small_problem(2))
