"""Moves that are left out: a plan without them is as good as the best with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimization.network.problem import NORMAL
from optimization.network.stating.usefulness import with_moves, without_useless_moves
from tests.unit.network.problems import curves_of, problem_of
from tests.unit.network.small_problems import best_plan, small_problem


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("shape", [{"items": 2, "locations": 2}, {"items": 1, "locations": 3, "rows": 0}])
def test_the_best_plan_costs_the_same_without_the_moves_left_out(seed, shape):
    problem = small_problem(seed, **shape)
    rng = np.random.default_rng(seed)
    problem = replace(
        problem, moves=replace(problem.moves, fixed_cost=rng.choice([0.0, 4.0], len(problem.moves)))
    )
    kept = without_useless_moves(problem)
    assert best_plan(kept)[1] == pytest.approx(best_plan(problem)[1], abs=1e-9)


def test_some_moves_are_left_out_and_some_stay():
    counts = [
        (
            len(small_problem(seed, rows=0).moves),
            len(without_useless_moves(small_problem(seed, rows=0)).moves),
        )
        for seed in range(24)
    ]
    before, after = np.sum(counts, axis=0)
    assert 0 < after < before


def test_a_chain_over_a_place_that_needs_nothing_stays():
    # Only 0→1→2 leads to where it is needed; place 1 lends its unit and gets one back.
    problem = problem_of(
        position=[6, 1, 0],
        spare=[5, 1, 0],
        mean=[0.1, 0.1, 3.0],
        moves=[(0, 1), (1, 2)],
        lane_cost=2.0,
    )
    assert len(without_useless_moves(problem).moves) == 2
    assert len(without_useless_moves(with_moves(problem, np.array([0]))).moves) == 0


def test_a_fixed_cost_above_the_best_total_gain_rules_a_move_out():
    problem = problem_of(position=[5, 0], spare=[2, 0], mean=[1.0, 1.0], moves=[(0, 1)], lane_fixed=12.0)
    # Two units win 9 − 10·(1 − e^-1 …) at most: less than 12 together, though each alone wins.
    assert len(without_useless_moves(problem).moves) == 0
    cheap = replace(problem, moves=replace(problem.moves, fixed_cost=np.array([4.0])))
    assert len(without_useless_moves(cheap).moves) == 1


def test_a_full_store_keeps_moves_that_only_make_room():
    columns = {"position": [9, 9], "spare": [2, 0], "mean": [1.0, 1.0], "moves": [(0, 1)], "lane_cost": 1.0}
    assert len(without_useless_moves(problem_of(**columns)).moves) == 0
    full = problem_of(**columns, rows=[("storage", "A", 8.0, 9.0, 90.0)], move_use=[(0, 0, -1.0)])
    assert len(without_useless_moves(full).moves) == 1
    roomy = problem_of(**columns, rows=[("storage", "A", 20.0, 9.0, 90.0)], move_use=[(0, 0, -1.0)])
    assert len(without_useless_moves(roomy).moves) == 0


def test_a_unit_where_the_policy_orders_wins_the_lead_time_only():
    columns = {
        "position": [9, 2],
        "spare": [4, 0],
        "mean": [1.0, 5.0],
        "moves": [(0, 1)],
        "lane_cost": 1.5,  # more than the holding that one unit less of an order saves
    }
    ordering = {"level": [-np.inf, 9], "level_price": [0, 90], "order_limit": [0, 7]}
    assert len(without_useless_moves(problem_of(**columns, places=ordering)).moves) == 0
    near = {"near_position": [9, 2], "near_mean": [0.5, 2.5], "near_variance": [0.5, 2.5]}
    near["near_shortage_cost"] = [0, 9]
    assert len(without_useless_moves(problem_of(**columns, places=ordering | near)).moves) == 1
    # A budget that cannot pay for the orders makes every unit that arrives worth its level.
    short = problem_of(
        **columns, places=ordering, rows=[("budget", "*", 3.0, 0.0, 900.0)], order_use=[(1, 0, 1.0)]
    )
    assert len(without_useless_moves(short).moves) == 1


def test_pools_of_several_curves_and_normal_ones_are_judged_by_their_pool():
    curves = curves_of([0, 1, 1], [1.0, 1.0, 1.0], shortage=[9.0, 0.5, 30.0])
    problem = problem_of(position=[4, 1], spare=[2, 0], moves=[(0, 1)], lane_cost=6.0, curves=curves)
    # The dearest curve has the one unit there is; what is next is still worth 30·P(D > 1) − ….
    assert len(without_useless_moves(problem).moves) == 1
    dear = replace(problem, moves=replace(problem.moves, unit_cost=np.array([9.0])))
    assert len(without_useless_moves(dear).moves) == 0
    normal = problem_of(position=[4, 1], spare=[2, 0], mean=[1, 2], moves=[(0, 1)], kind=NORMAL)
    assert len(without_useless_moves(normal).moves) == 1


def test_taking_moves_takes_their_uses():
    problem = problem_of(
        position=[5, 0, 0],
        spare=[3, 0, 0],
        mean=[1.0, 2.0, 2.0],
        moves=[(0, 1), (0, 2), (1, 2)],
        rows=[("lane", "a", 1.0, 0.0, 9.0), ("lane", "b", 1.0, 0.0, 9.0)],
        move_use=[(0, 0, 1.0), (2, 0, 3.0), (2, 1, 4.0)],
    )
    kept = with_moves(problem, np.array([1, 2]))
    assert kept.move_uses.start.tolist() == [0, 0, 2]
    assert kept.move_uses.row.tolist() == [0, 1]
    assert kept.move_uses.amount.tolist() == [3.0, 4.0]
