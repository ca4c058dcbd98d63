"""The certificate is a bound for any numbers, and the optimum at the right ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimization.network.costs import nothing_plan, plan_cost
from optimization.network.problem import Problem, Proof
from optimization.network.proof.certificate import certified_bound
from optimization.network.subsets import ItemIndex, of_items
from tests.benchmarks.network_instances import hard
from tests.unit.network.small_problems import best_plan, priced, small_problem


def _any_proof(problem: Problem, rng: np.random.Generator) -> Proof:
    n = len(problem.places)
    return Proof(0.0, rng.uniform(-5, 300, len(problem.rows)), rng.normal(0, 8, n), rng.normal(0, 8, n))


@pytest.mark.parametrize("segments", [1, 3])
@pytest.mark.parametrize("seed", range(6))
def test_any_numbers_give_a_bound(seed: int, segments: int) -> None:
    problem = small_problem(seed, items=1, locations=2, rows=2, segments=segments)
    _, least = best_plan(problem)
    rng = np.random.default_rng(seed)
    proof = priced(problem)[0]
    for _ in range(20):
        wrong = _any_proof(problem, rng)
        near_right = Proof(
            0.0,
            proof.row_price * rng.uniform(0.8, 1.2, len(problem.rows)),
            proof.place_value + rng.normal(0, 0.5, len(problem.places)),
            proof.near_value + rng.normal(0, 0.5, len(problem.places)),
        )
        for candidate in (wrong, near_right):
            assert certified_bound(problem, candidate).total <= least + 1e-9


@pytest.mark.parametrize("segments", [1, 3])
@pytest.mark.parametrize("seed", range(12))
def test_the_right_prices_prove_the_optimum_of_uncoupled_items(seed: int, segments: int) -> None:
    problem = small_problem(seed, items=1, locations=3 if segments == 1 else 2, rows=0, segments=segments)
    _, least = best_plan(problem)
    proof, cost = priced(problem)
    assert cost == pytest.approx(least, abs=1e-8)
    assert certified_bound(problem, proof).total == pytest.approx(least, abs=1e-8)


@pytest.mark.parametrize("seed", range(12))
def test_with_rows_the_bound_is_that_of_the_linear_programme(seed: int) -> None:
    problem = small_problem(seed, items=4, locations=3, rows=2)
    proof, cost = priced(problem)
    assert certified_bound(problem, proof).total == pytest.approx(cost, abs=1e-7)


def test_numbers_that_are_none_count_as_nought() -> None:
    problem = small_problem(1, rows=1)
    n = len(problem.places)
    broken = Proof(np.nan, np.array([np.nan]), np.full(n, np.inf), np.full(n, np.nan))
    zero = Proof(0.0, np.zeros(1), np.zeros(n), np.zeros(n))
    assert certified_bound(problem, broken).total == certified_bound(problem, zero).total


def test_lots_minima_and_fixed_costs_keep_it_a_bound() -> None:
    problem = small_problem(5, items=1, locations=3, rows=0)
    moves, places = problem.moves, problem.places
    lots = replace(
        problem,
        moves=replace(moves, multiple=np.full(len(moves), 2.0), minimum=np.full(len(moves), 2.0),
                      fixed_cost=np.full(len(moves), 3.0)),
        places=replace(places, lot=np.full(len(places), 2.0), moq=np.full(len(places), 2.0),
                       order_limit=np.where(places.order_limit > 0, 2.0, 0.0),
                       order_fixed_cost=np.full(len(places), 1.0)),
    )  # fmt: skip
    proof, _ = priced(problem)
    _, least = best_plan(problem)
    with_lots = certified_bound(lots, proof).total
    assert least - 1e-9 <= with_lots <= plan_cost(lots, nothing_plan(lots)).objective + 1e-9


def test_items_stand_alone_and_in_any_parts() -> None:
    problem = hard(30, 5, seed=2, segments=2)
    n = len(problem.places)
    rng = np.random.default_rng(1)
    proof = Proof(0.0, rng.uniform(0, 1, len(problem.rows)), rng.uniform(0, 4, n), np.zeros(n))
    whole = certified_bound(problem, proof)
    index = ItemIndex.of(problem)
    for items in (np.arange(7), np.arange(7, 30)):
        part = of_items(problem, index, items)
        own = replace(
            proof, place_value=proof.place_value[part.places], near_value=proof.near_value[part.places]
        )
        alone = certified_bound(part.problem, own)
        np.testing.assert_allclose(alone.by_item, whole.by_item[items], rtol=1e-12)
        assert alone.rows == whole.rows
