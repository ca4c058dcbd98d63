"""The item solver is exact: against enumeration, and against HiGHS with every integer as a knot."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import sparse, stats
from scipy.optimize import linprog

from optimization.network.costs import near_cost, nothing_plan, plan_cost, pool_cost, row_use
from optimization.network.engine.arrays import UP, state_of
from optimization.network.engine.bound import bound_pass
from optimization.network.engine.marginals import count_cdf, normal_loss, read_marginals
from optimization.network.engine.pools import place_curves
from optimization.network.problem import (
    COUNT,
    NORMAL,
    TABLE,
    Curves,
    Moves,
    Numbers,
    Places,
    Plan,
    Problem,
    Rows,
    Uses,
)
from optimization.network.proof.certificate import certified_bound


def _places(rng: np.random.Generator, n: int, most: int, with_policy: bool) -> Places:
    triggered = with_policy & (rng.random(n) < 0.5)
    position = rng.integers(-1, most, n).astype(np.float64)
    return Places(
        item=np.zeros(n, dtype=np.int64),
        position=position,
        near_position=position - rng.integers(0, 2, n),
        spare=np.where(triggered, 0.0, np.maximum(position - rng.integers(0, 2, n), 0.0)),
        level=np.where(triggered, position + rng.integers(1, 4, n) - 0.5, -np.inf),
        level_price=np.where(triggered, 40.0, 0.0),
        order_limit=rng.integers(0, 3, n).astype(np.float64),
        order_cost=rng.uniform(0.0, 2.0, n),
        order_fixed_cost=np.zeros(n),
        lot=np.ones(n),
        moq=np.ones(n),
        near_mean=rng.uniform(0.2, 3.0, n),
        near_variance=rng.uniform(3.0, 6.0, n),
        near_shortage_cost=np.where(triggered, rng.uniform(1.0, 5.0, n), 0.0),
    )


def _curves(rng: np.random.Generator, n: int, kinds: list[int], segments: int) -> Curves:
    c = n * segments
    mean = rng.uniform(0.3, 4.0, c)
    kind = rng.choice(kinds, c).astype(np.int8)
    steps = np.sort(rng.uniform(-6.0, 1.0, (c, 5)), axis=1)
    floor = np.where(rng.random(c) < 0.3, 1.0, 0.0) if segments > 1 else np.zeros(c)
    return Curves(
        place=np.repeat(np.arange(n), segments),
        kind=kind,
        mean=mean,
        variance=mean * rng.uniform(0.9, 3.0, c),
        holding_cost=np.full(c, 1.0),
        shortage_cost=rng.uniform(2.0, 9.0, c),
        floor=floor,
        floor_price=20.0 * floor,
        cap=np.where(rng.random(c) < 0.3, 3.0, np.inf) if segments > 1 else np.full(c, np.inf),
        table_start=np.arange(c) * 5,
        table_count=np.full(c, 5),
        table_low=np.zeros(c, dtype=np.int64),
        table_base=np.full(c, 10.0),
        table=steps.ravel(),
    )


def _problem(
    seed: int, n: int, kinds: list[int], segments: int = 1, most: int = 6, with_policy: bool = True
) -> Problem:
    rng = np.random.default_rng(seed)
    places = _places(rng, n, most, with_policy)
    if segments > 1 or TABLE in kinds:
        places = replace(
            places, position=np.maximum(places.position, 0.0), near_position=np.maximum(places.position, 0.0)
        )
        places = replace(places, spare=np.minimum(places.spare, places.position))
    pairs = np.array([(s, t) for s in range(n) for t in range(n) if s != t and rng.random() < 0.8])
    m = len(pairs)
    moves = Moves(
        source=pairs[:, 0],
        target=pairs[:, 1],
        lane=np.arange(m),
        unit_cost=rng.uniform(0.05, 1.5, m),
        fixed_cost=np.zeros(m),
        limit=rng.integers(0, 5, m).astype(np.float64),
        minimum=np.ones(m),
        multiple=np.ones(m),
    )
    j = 3
    row = np.tile(np.arange(2), m)
    amount = rng.uniform(0.2, 1.0, 2 * m) * np.where(row == 1, rng.choice([-1.0, 1.0], 2 * m), 1.0)
    rows = Rows(
        family=np.array(["lane", "storage", "budget"], dtype=object),
        key=np.array(["a", "b", "c"], dtype=object),
        capacity=np.full(j, 3.0),
        base_use=np.zeros(j),
        slack_price=np.full(j, 100.0),
    )
    return Problem(
        "random",
        places,
        _curves(rng, n, kinds, segments),
        moves,
        rows,
        Uses(np.arange(m + 1) * 2, row, amount),
        Uses(np.arange(n + 1), np.full(n, 2), rng.uniform(0.1, 1.0, n)),
        1.2,
    )


def _priced(problem: Problem, plan: Plan, price: Numbers) -> float:
    cost = plan_cost(problem, plan)
    return cost.objective - cost.slack + float(price @ (row_use(problem, plan) - problem.rows.capacity))


def _enumerated(problem: Problem, price: Numbers) -> float:
    """Least priced cost over every plan of whole units."""
    limits = np.concatenate([problem.moves.limit, problem.places.order_limit]).astype(int)
    best, m = np.inf, len(problem.moves)
    for units in product(*(range(limit + 1) for limit in limits)):
        moved, ordered = np.array(units[:m], dtype=float), np.array(units[m:], dtype=float)
        given = np.bincount(problem.moves.source, weights=moved, minlength=len(problem.places))
        if (given <= problem.places.spare).all():
            best = min(best, _priced(problem, Plan(moved, ordered), price))
    return best


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kinds", [[NORMAL], [COUNT], [NORMAL, COUNT]])
def test_three_places_meet_the_enumerated_optimum(seed: int, kinds: list[int]) -> None:
    problem = _problem(seed, 3, kinds, most=4)
    problem = replace(problem, moves=replace(problem.moves, limit=np.minimum(problem.moves.limit, 2.0)))
    price = np.random.default_rng(seed).uniform(0.0, 2.0, 3)
    plan, proof = bound_pass(problem, price, map, 10)
    assert proof.bound == pytest.approx(_enumerated(problem, price), abs=1e-9)
    assert _priced(problem, plan, price) == pytest.approx(proof.bound, abs=1e-9)


def _by_highs(problem: Problem, price: Numbers) -> float:
    """The item as a linear program with one column per unit of every place."""
    places, moves, n, m = problem.places, problem.moves, len(problem.places), len(problem.moves)
    spare = int(places.spare.sum())
    down = places.spare.astype(int)
    reach = spare + places.order_limit.astype(int)
    steps = np.arange(-down.max(), reach.max() + 1)
    far = np.array([sum(pool_cost(problem, places.position + k)) for k in steps])
    gap = np.where(np.isfinite(places.level), places.level - places.position, 0.0)
    far += places.level_price * np.maximum(gap - steps[:, None], 0.0) * np.isfinite(places.level)
    near = np.array([near_cost(problem, places.near_position + k) for k in steps])
    zero = int(down.max())
    cost: list[float] = []
    rows, columns, values, lower, upper = [], [], [], [], []
    constant = float(far[0].sum() + near[0].sum())

    def column(price_of: float, limit: float, entries: list[tuple[int, float]], least: float = 0.0) -> None:
        for row, value in entries:
            rows.append(row)
            columns.append(len(cost))
            values.append(value)
        cost.append(price_of)
        upper.append(limit)
        lower.append(least)

    # Rows 0 … n−1: net arrivals; n … 2n−1: position; 2n … 3n−1: what leaves.
    for a in range(m):
        used = slice(problem.move_uses.start[a], problem.move_uses.start[a + 1])
        charge = float(price[problem.move_uses.row[used]] @ problem.move_uses.amount[used])
        s, t = int(moves.source[a]), int(moves.target[a])
        column(
            problem.dead_band_factor * moves.unit_cost[a] + charge,
            moves.limit[a],
            [(s, -1.0), (t, 1.0), (n + s, -1.0), (n + t, 1.0), (2 * n + s, 1.0)],
        )
    for p in range(n):
        charge = float(price[2] * problem.order_uses.amount[p])
        column(places.order_cost[p] + charge, places.order_limit[p], [(n + p, 1.0)])
        for k in range(len(steps) - 1):
            # What lies below all that may leave is there in any case.
            kept = 1.0 if steps[k] < -down[p] else 0.0
            column(near[k + 1, p] - near[k, p], 1.0, [(p, -1.0)], kept)
            column(far[k + 1, p] - far[k, p], 1.0, [(n + p, -1.0)], kept)
    matrix = sparse.csr_matrix((values, (rows, columns)), shape=(3 * n, len(cost)))
    solve: Any = linprog
    found = solve(
        np.array(cost),
        A_eq=matrix[: 2 * n],
        b_eq=np.full(2 * n, -float(zero)),
        A_ub=matrix[2 * n :],
        b_ub=places.spare,
        bounds=np.column_stack([lower, upper]),
        method="highs",
    )
    assert found.status == 0
    return float(found.fun) + constant + float(price @ (problem.rows.base_use - problem.rows.capacity))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    ("kinds", "segments"), [([NORMAL], 1), ([COUNT], 1), ([TABLE], 1), ([COUNT], 3), ([NORMAL, COUNT], 2)]
)
def test_an_item_costs_what_highs_finds_with_every_integer_as_a_knot(
    seed: int, kinds: list[int], segments: int
) -> None:
    problem = _problem(100 + seed, 6, kinds, segments)
    price = np.random.default_rng(seed).uniform(0.0, 2.0, 3)
    _, proof = bound_pass(problem, price, map, 10)
    assert proof.bound == pytest.approx(_by_highs(problem, price), rel=1e-8, abs=1e-7)


@pytest.mark.parametrize("segments", [1, 3])
def test_the_values_of_a_unit_prove_the_bound(segments: int) -> None:
    for seed in range(10):
        problem = _problem(200 + seed, 7, [COUNT], segments, most=9)
        price = np.random.default_rng(seed).uniform(0.0, 1.0, 3)
        _, proof = bound_pass(problem, price, map, 10)
        assert certified_bound(problem, proof).total == pytest.approx(proof.bound, rel=1e-9, abs=1e-7)


def test_a_start_from_any_plan_ends_at_the_same_cost() -> None:
    for seed in range(10):
        problem = _problem(300 + seed, 6, [NORMAL, COUNT], most=9)
        first, second = np.random.default_rng(seed).uniform(0.0, 3.0, (2, 3))
        start, _ = bound_pass(problem, first, map, 10)
        _, cold = bound_pass(problem, second, map, 10)
        _, warm = bound_pass(problem, second, map, 10, start)
        assert warm.bound == pytest.approx(cold.bound, abs=1e-9)


@pytest.mark.parametrize(("mean", "ratio"), [(3.0, 1.0), (3.0, 4.0), (900.0, 1.0), (900.0, 5.0), (2e4, 30.0)])
def test_counts_have_the_distribution_of_scipy(mean: float, ratio: float) -> None:
    first = np.exp(-mean) if ratio == 1.0 else ratio ** (-mean / (ratio - 1.0))
    first = first if mean < 150.0 else 0.0
    ours = stats.poisson(mean) if ratio == 1.0 else stats.nbinom(mean / (ratio - 1.0), 1.0 / ratio)
    for z in (-4.0, -1.0, 0.0, 1.0, 5.0):
        k = float(np.floor(max(mean + z * np.sqrt(mean * ratio), 0.0)))
        assert count_cdf(k, mean, ratio, first) == pytest.approx(ours.cdf(k), rel=1e-9, abs=1e-13)


def test_marginals_of_a_normal_curve_never_fall() -> None:
    x = np.arange(-30.0, 60.0)
    for deviation in (0.0, 0.3, 2.0, 5.0):
        steps = np.diff([normal_loss(at, 7.3, deviation) for at in x])
        assert (np.diff(steps) >= -1e-14).all()


def test_the_next_unit_of_a_pool_costs_what_numpy_says_on_both_sides_of_nothing() -> None:
    for seed in range(5):
        problem = _problem(400 + seed, 8, [NORMAL, COUNT], segments=3, most=12)
        places = problem.places
        for at in np.arange(-2.0, 15.0):
            position = np.full(len(places), at)
            state = state_of(
                replace(problem, places=replace(places, position=position)), nothing_plan(problem)
            )
            read_marginals(place_curves(problem), state)
            rises = [sum(pool_cost(problem, position + k)) for k in (0.0, 1.0)]
            near_level = np.clip(places.level - at, 0.0, 1.0) * places.level_price
            assert state.places[:, UP] + near_level == pytest.approx(rises[1] - rises[0], abs=1e-9)
