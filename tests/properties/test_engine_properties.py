"""The engine for size: its bound holds at any price, its plan fits, and neither depends on how it is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.network.costs import nothing_plan, plan_cost, row_use
from optimization.network.engine.bound import bound_pass
from optimization.network.engine.coordination import solve_by_items
from optimization.network.problem import Outcome, Problem
from optimization.network.proof.certificate import certified_bound
from optimization.parameters import NetworkParameters
from tests.benchmarks.network_instances import hard, imbalanced

SOME = settings(max_examples=15, deadline=None)
PARAMETERS = NetworkParameters(sample_items=40, chunk_items=30)
RECIPES: dict[str, dict[str, Any]] = {
    "normal": {},
    "count": {"kind": "count"},
    "policy": {"kind": "count", "policy": True},
    "segments": {"segments": 3},
}


def _made(seed: int, recipe: str, items: int = 12) -> Problem:
    return hard(items, locations=4, seed=seed, **RECIPES[recipe])


def _assert_kept(problem: Problem, outcome: Outcome) -> None:
    moved, ordered = outcome.plan.moved, outcome.plan.ordered
    given = np.bincount(problem.moves.source, weights=moved, minlength=len(problem.places))
    assert (moved >= 0).all() and (moved <= problem.moves.limit).all() and (moved == np.round(moved)).all()
    assert (ordered >= 0).all() and (ordered <= problem.places.order_limit).all()
    assert (given <= problem.places.spare).all()
    over = row_use(problem, outcome.plan) - problem.rows.capacity - outcome.slack
    assert (over <= 1e-8 * np.maximum(np.abs(problem.rows.capacity), 1.0)).all()


@SOME
@given(seed=st.integers(0, 10_000), recipe=st.sampled_from(sorted(RECIPES)), share=st.floats(0.0, 1.0))
def test_a_bound_at_any_price_is_below_every_plan_and_proven_by_its_values(
    seed: int, recipe: str, share: float
) -> None:
    problem = _made(seed, recipe)
    price = share * np.random.default_rng(seed).uniform(0.0, 0.02, len(problem.rows))
    price *= problem.rows.slack_price
    _, proof = bound_pass(problem, price, map, 5)
    outcome = solve_by_items(problem, PARAMETERS, map)
    scale = abs(outcome.objective)
    assert proof.bound <= outcome.objective + 1e-9 * scale
    assert certified_bound(problem, proof).total == pytest.approx(proof.bound, abs=1e-9 * scale)


@SOME
@given(seed=st.integers(0, 10_000), recipe=st.sampled_from(sorted(RECIPES)))
def test_a_plan_fits_its_bounds_and_is_not_worse_than_nothing(seed: int, recipe: str) -> None:
    problem = _made(seed, recipe)
    outcome = solve_by_items(problem, PARAMETERS, map)
    _assert_kept(problem, outcome)
    assert outcome.objective <= plan_cost(problem, nothing_plan(problem)).objective * (1 + 1e-9)
    assert outcome.proof.bound <= outcome.objective * (1 + 1e-9)


@SOME
@given(seed=st.integers(0, 10_000))
def test_a_row_that_nothing_can_relieve_pays_for_its_slack_and_is_proven_to(seed: int) -> None:
    problem = _made(seed, "normal", items=40)
    rows = problem.rows
    over = rows.base_use + np.where(rows.family == "storage", 0.0, 5.0)
    full = replace(problem, rows=replace(rows, base_use=over, capacity=np.minimum(rows.capacity, over - 1.0)))
    outcome = solve_by_items(full, PARAMETERS, map)
    _assert_kept(full, outcome)
    assert outcome.status == "FEASIBLE_WITH_SLACK"
    # What cannot be relieved is in the bound too, at the price of its slack.
    least = float(full.rows.slack_price[full.rows.family != "storage"].sum())
    assert outcome.proof.bound >= least
    assert outcome.relative_gap < 0.2


def _backwards(function: Callable[[Any], Any], parts: Sequence[Any]) -> Iterable[Any]:
    return list(reversed([function(part) for part in reversed(list(parts))]))


def test_the_same_plan_whatever_the_mapper_and_the_repetition() -> None:
    problem = hard(150, locations=6, seed=5)
    one = solve_by_items(problem, PARAMETERS, map)
    for other in (
        solve_by_items(problem, PARAMETERS, map),
        solve_by_items(problem, PARAMETERS, _backwards),
    ):
        assert other.proof.bound == one.proof.bound
        for ours, theirs in (
            (one.plan.moved, other.plan.moved),
            (one.plan.ordered, other.plan.ordered),
            (one.proof.place_value, other.proof.place_value),
            (one.proof.row_price, other.proof.row_price),
        ):
            assert ours.tobytes() == theirs.tobytes()


def test_chunks_change_nothing_but_the_order_of_sums() -> None:
    problem = _made(3, "count", items=30)
    price = 0.005 * problem.rows.slack_price
    plan, proof = bound_pass(problem, price, map, 30)
    for chunk_items in (1, 7):
        other_plan, other = bound_pass(problem, price, map, chunk_items)
        assert other.bound == pytest.approx(proof.bound, rel=1e-12)
        assert (other_plan.moved == plan.moved).all() and (other_plan.ordered == plan.ordered).all()


@pytest.mark.parametrize(
    ("made", "gap"), [(lambda: hard(2_000, seed=4), 1e-3), (lambda: imbalanced(2_000, seed=4), 1e-3)]
)
def test_many_items_are_solved_to_a_small_gap_without_slack(made: Callable[[], Problem], gap: float) -> None:
    problem = made()
    outcome = solve_by_items(problem, NetworkParameters(), map)
    _assert_kept(problem, outcome)
    assert outcome.status == "WITHIN_GAP"
    assert outcome.relative_gap <= gap
