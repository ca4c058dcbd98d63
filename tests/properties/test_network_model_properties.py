"""The network problem: what must hold for every plan, proof and change of the problem."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.network.costs import nothing_plan, plan_cost, policy_plan, pool_split, position_after
from optimization.network.engine_choice import solve_network
from optimization.network.problem import Integers, Outcome, Plan, Problem, Proof, Uses
from optimization.network.proof.audit import audit_plan
from optimization.network.proof.certificate import certified_bound
from optimization.parameters import NetworkParameters
from tests.unit.network.small_problems import small_problem

PARAMETERS = NetworkParameters()
SOME = settings(max_examples=15, deadline=None)
MANY = settings(max_examples=100, deadline=None)

seeds = st.integers(0, 10**6)


def _problem(seed: int, items: int = 3, locations: int = 2, rows: int = 1, segments: int = 1) -> Problem:
    return small_problem(seed, items, locations, rows, segments)


def _solved(problem: Problem) -> Outcome:
    return solve_network(problem, PARAMETERS, map)


def _never_dearer(free: Problem, bound: Problem) -> None:
    """Whatever is possible in `bound` is so in `free` at the same cost or less."""
    more, less = _solved(free), _solved(bound)
    allowed = 1e-6 * max(abs(less.objective), 1.0)
    assert more.proof.bound <= less.objective + allowed
    if more.status == "OPTIMAL":
        assert more.objective <= less.objective + allowed


def _any_plan(problem: Problem, seed: int) -> Plan:
    """Whole units that limits and spare stock allow, nothing else in mind."""
    rng = np.random.default_rng(seed)
    moves, places = problem.moves, problem.places
    left, moved = places.spare.copy(), np.zeros(len(moves))
    for move in rng.permutation(len(moves)):
        units = np.floor(rng.uniform(0, 1) * (min(moves.limit[move], left[moves.source[move]]) + 1))
        moved[move] = min(units, moves.limit[move], left[moves.source[move]])
        left[moves.source[move]] -= moved[move]
    return Plan(moved, np.floor(rng.uniform(0, 1, len(places)) * (places.order_limit + 0.999)))


@given(seed=seeds, other=seeds, segments=st.integers(1, 3))
@MANY
def test_no_plan_is_below_the_bound_of_any_prices(seed: int, other: int, segments: int) -> None:
    problem = _problem(seed, rows=2, segments=segments)
    rng = np.random.default_rng(other)
    size = rng.choice([0.1, 3.0, 30.0])
    n = len(problem.places)
    proof = Proof(0.0, rng.uniform(-1, size, 2), rng.normal(0, size, n), rng.normal(0, size, n))
    cost = plan_cost(problem, _any_plan(problem, other)).objective
    assert certified_bound(problem, proof).total <= cost + 1e-7 * max(abs(cost), 1.0)


@given(seed=seeds, segments=st.integers(1, 3))
@SOME
def test_the_plan_keeps_every_rule_and_lies_between_its_bound_and_doing_nothing(
    seed: int, segments: int
) -> None:
    problem = _problem(seed, rows=2, segments=segments)
    found = _solved(problem)
    audit = audit_plan(problem, found.plan, found.slack)
    assert audit.worst <= 1e-6
    assert audit.objective == pytest.approx(found.objective, rel=1e-6)
    allowed = 1e-6 * max(abs(found.objective), 1.0)
    assert found.proof.bound <= found.objective + allowed
    for plan in (nothing_plan(problem), policy_plan(problem)):
        assert found.objective <= plan_cost(problem, plan).objective + allowed


@given(seed=seeds)
@SOME
def test_every_unit_is_somewhere(seed: int) -> None:
    problem = _problem(seed, rows=2)
    found, item = _solved(problem), problem.places.item
    after = np.bincount(item, weights=position_after(problem, found.plan))
    before = np.bincount(item, weights=problem.places.position + found.plan.ordered)
    assert after == pytest.approx(before)
    given_away = np.bincount(problem.moves.source, weights=found.plan.moved, minlength=len(item))
    assert np.all(given_away <= problem.places.spare)


@given(seed=seeds, more=st.floats(0.1, 5.0))
@SOME
def test_more_capacity_never_costs_more(seed: int, more: float) -> None:
    problem = _problem(seed, rows=2)
    wider = replace(
        problem, rows=replace(problem.rows, capacity=problem.rows.capacity + np.array([more, 0.0]))
    )
    _never_dearer(wider, problem)


@given(seed=seeds, column=st.sampled_from(["spare", "order_limit"]))
@SOME
def test_more_units_to_give_or_to_order_never_cost_more(seed: int, column: str) -> None:
    problem = _problem(seed)
    more = replace(problem.places, **{column: getattr(problem.places, column) + 1.0})
    _never_dearer(replace(problem, places=more), problem)


@given(seed=seeds, factor=st.floats(1.0, 4.0))
@SOME
def test_a_dearer_lane_never_saves_money(seed: int, factor: float) -> None:
    problem = _problem(seed)
    cost = problem.moves.unit_cost.copy()
    cost[::2] *= factor
    _never_dearer(problem, replace(problem, moves=replace(problem.moves, unit_cost=cost)))


@given(seed=seeds)
@SOME
def test_a_dearer_unit_of_slack_never_saves_money(seed: int) -> None:
    problem = _problem(seed, rows=2)
    dearer = replace(problem.rows, slack_price=2.0 * problem.rows.slack_price)
    _never_dearer(problem, replace(problem, rows=dearer))


@given(seed=seeds)
@SOME
def test_parts_of_units_cost_no_more_than_whole_ones(seed: int) -> None:
    problem = _problem(seed, items=1, rows=1)
    found = _solved(problem)
    relaxed = certified_bound(problem, found.proof).total
    assert relaxed <= found.objective + 1e-6 * max(abs(found.objective), 1.0)
    assert np.array_equal(found.plan.moved, np.round(found.plan.moved))
    assert np.array_equal(found.plan.ordered, np.round(found.plan.ordered))


@given(seed=seeds, segments=st.integers(1, 2))
@SOME
def test_without_rows_the_prices_prove_the_whole_plan_to_be_the_best(seed: int, segments: int) -> None:
    problem = _problem(seed, rows=0, segments=segments)
    found = _solved(problem)
    assert found.status == "OPTIMAL"
    proven = certified_bound(problem, found.proof).total
    assert proven == pytest.approx(found.objective, rel=1e-6, abs=1e-6)


@given(seed=seeds, power=st.integers(-6, 6))
@SOME
def test_money_in_another_unit_is_the_same_plan_at_that_many_times_the_cost(seed: int, power: int) -> None:
    problem, factor = _problem(seed), 2.0**power
    once, scaled = _solved(problem), _solved(in_money(problem, factor))
    gap = max(once.relative_gap, scaled.relative_gap, 1e-6)
    assert scaled.objective == pytest.approx(factor * once.objective, rel=2 * gap)
    assert scaled.proof.bound <= factor * once.objective * (1 + 1e-6)


@given(seed=seeds, order=st.permutations(range(3)))
@SOME
def test_the_order_of_items_does_not_matter(seed: int, order: list[int]) -> None:
    problem = _problem(seed, items=3, rows=1)
    once, again = _solved(problem), _solved(reordered(problem, order))
    gap = max(once.relative_gap, again.relative_gap, 1e-6)
    assert again.objective == pytest.approx(once.objective, rel=2 * gap, abs=1e-6)
    assert again.proof.bound <= once.objective + 1e-6 * max(abs(once.objective), 1.0)


@given(seed=seeds)
@SOME
def test_the_mapper_and_a_repeat_change_nothing(seed: int) -> None:
    problem = _problem(seed, rows=2)
    small_chunks = replace(PARAMETERS, chunk_items=1)
    with ThreadPoolExecutor(2) as pool:
        outcomes = [
            solve_network(problem, PARAMETERS, map),
            solve_network(problem, PARAMETERS, map),
            solve_network(problem, small_chunks, map),
            solve_network(problem, small_chunks, pool.map),
        ]
    first = outcomes[0]
    for other in outcomes[1:]:
        assert other.plan.moved.tobytes() == first.plan.moved.tobytes()
        assert other.plan.ordered.tobytes() == first.plan.ordered.tobytes()
        assert (other.status, other.objective) == (first.status, first.objective)
        assert other.proof.row_price.tobytes() == first.proof.row_price.tobytes()


@given(seed=seeds)
@SOME
def test_a_guarantee_is_kept_before_anything_cheaper(seed: int) -> None:
    problem = _problem(seed, rows=1, segments=3)
    curves = problem.curves
    # What a missing guaranteed unit costs is more than any other unit can win.
    dear = replace(curves, floor_price=np.where(curves.floor > 0, 1e4, 0.0))
    problem = replace(problem, curves=dear)
    found = _solved(problem)
    after = position_after(problem, found.plan)
    units, _ = pool_split(problem, after)
    promised = np.minimum(curves.floor, curves.cap)
    asked = np.bincount(curves.place, weights=promised, minlength=len(after))
    enough = (after >= asked)[curves.place]
    assert np.all(units[enough] >= promised[enough] - 1e-9)


def in_money(problem: Problem, factor: float) -> Problem:
    """The same problem with every price and cost in another unit of money."""

    def scaled(part: Any, *columns: str) -> Any:
        return replace(part, **{column: getattr(part, column) * factor for column in columns})

    return replace(
        problem,
        places=scaled(problem.places, "level_price", "order_cost", "order_fixed_cost", "near_shortage_cost"),
        curves=scaled(problem.curves, "holding_cost", "shortage_cost", "floor_price", "table_base", "table"),
        moves=scaled(problem.moves, "unit_cost", "fixed_cost"),
        rows=scaled(problem.rows, "slack_price"),
    )


def reordered(problem: Problem, items: list[int]) -> Problem:
    """The same problem with its items in another order: item k is what `items[k]` was."""
    places, curves, moves = problem.places, problem.curves, problem.moves
    place_rows = np.concatenate([np.flatnonzero(places.item == item) for item in items])
    new_place = np.empty(len(places), dtype=np.int64)
    new_place[place_rows] = np.arange(len(places))
    curve_rows = np.argsort(new_place[curves.place], kind="stable")
    move_rows = np.lexsort((new_place[moves.target], new_place[moves.source]))
    moved_places = places.take(place_rows)
    moved_curves, moved_moves = curves.take(curve_rows), moves.take(move_rows)
    return replace(
        problem,
        places=replace(moved_places, item=np.argsort(items)[moved_places.item]),
        curves=replace(moved_curves, place=new_place[moved_curves.place]),
        moves=replace(
            moved_moves, source=new_place[moved_moves.source], target=new_place[moved_moves.target]
        ),
        move_uses=_uses_of(problem.move_uses, move_rows),
        order_uses=_uses_of(problem.order_uses, place_rows),
    )


def _uses_of(uses: Uses, rows: Integers) -> Uses:
    entries = [np.arange(uses.start[row], uses.start[row + 1]) for row in rows]
    chosen = np.concatenate([*entries, np.empty(0, dtype=np.int64)]).astype(np.int64)
    start = np.concatenate([[0], np.cumsum([len(entry) for entry in entries])]).astype(np.int64)
    return Uses(start, uses.row[chosen], uses.amount[chosen])
