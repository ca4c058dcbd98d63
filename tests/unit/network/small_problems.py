"""Tiny network problems with everything in them, and a linear programme that has their prices.

The programme has every whole unit as a piece and is built from `costs` alone, so that what it says
is no one's implementation under test.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from optimization.network import costs
from optimization.network.problem import (
    COUNT,
    NORMAL,
    TABLE,
    Curves,
    Integers,
    Moves,
    Numbers,
    Places,
    Plan,
    Problem,
    Proof,
    Rows,
    Uses,
)


def small_problem(seed: int, items: int = 2, locations: int = 2, rows: int = 1, segments: int = 1) -> Problem:
    """A few items at a few locations, lanes both ways, curves of all kinds, levels, near demand."""
    rng = np.random.default_rng(seed)
    n = items * locations
    triggers = rng.random(n) < 0.5
    pairs = [
        (i * locations + s, i * locations + d)
        for i in range(items)
        for s in range(locations)
        for d in range(locations)
        if s != d and not triggers[i * locations + s]
    ]
    source, target = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    m = len(pairs)
    position = rng.integers(0, 4, n).astype(float) if segments > 1 else np.round(rng.uniform(-1, 4, n), 1)
    places = Places(
        item=np.repeat(np.arange(items), locations),
        position=position,
        near_position=position - 1.0,
        spare=np.where(triggers, 0.0, np.minimum(rng.integers(0, 3, n), np.floor(np.abs(position)))),
        level=np.where(triggers, np.floor(position) + rng.integers(0, 4, n), -np.inf),
        level_price=np.where(triggers, 30.0, 0.0),
        order_limit=np.where(triggers, rng.integers(0, 3, n), 0.0),
        order_cost=rng.uniform(0, 1, n),
        order_fixed_cost=np.zeros(n),
        lot=np.ones(n),
        moq=np.zeros(n),
        near_mean=rng.uniform(0.5, 3, n),
        near_variance=rng.uniform(0.5, 8, n),
        near_shortage_cost=np.where(triggers & (rng.random(n) < 0.7), 4.0, 0.0),
    )
    uses = np.arange(0, m * rows + 1, rows) if rows else np.zeros(m + 1, dtype=np.int64)
    return Problem(
        name=f"small-{seed}",
        places=places,
        curves=_small_curves(rng, n, segments),
        moves=Moves(
            source=source,
            target=target,
            lane=np.arange(m),
            unit_cost=rng.uniform(0.1, 2, m),
            fixed_cost=np.zeros(m),
            limit=rng.integers(0, 3, m).astype(float),
            minimum=np.ones(m),
            multiple=np.ones(m),
        ),
        rows=Rows(
            family=np.array(["lane"] * rows, dtype=object),
            key=np.array([f"{j}" for j in range(rows)], dtype=object),
            capacity=rng.integers(0, 4, rows).astype(float),
            base_use=np.zeros(rows),
            slack_price=np.full(rows, 200.0),
        ),
        move_uses=Uses(uses, np.tile(np.arange(rows), m), rng.uniform(0.5, 1.5, m * rows)),
        order_uses=Uses(np.zeros(n + 1, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)),
        dead_band_factor=1.2,
    )


def _small_curves(rng: np.random.Generator, n: int, segments: int) -> Curves:
    c = n * segments
    kind = rng.choice([NORMAL, COUNT, TABLE], c).astype(np.int8)
    marginals = np.sort(rng.uniform(-9, 2, (c, 5)), axis=1)
    is_fenced = rng.random(c) < 0.3
    return Curves(
        place=np.repeat(np.arange(n), segments),
        kind=kind,
        mean=rng.uniform(0.3, 4, c),
        variance=rng.uniform(0.3, 9, c),
        holding_cost=np.full(c, 2.0),
        shortage_cost=np.full(c, 9.0),
        floor=np.where(is_fenced, rng.integers(1, 3, c), 0.0),
        floor_price=np.where(is_fenced, 20.0, 0.0),
        cap=np.where(rng.random(c) < 0.3, rng.integers(2, 4, c), np.inf),
        table_start=np.arange(c) * 5,
        table_count=np.full(c, 5),
        table_low=rng.integers(0, 2, c) if segments == 1 else np.zeros(c, dtype=np.int64),
        table_base=rng.uniform(5, 20, c),
        table=marginals.ravel(),
    )


def best_plan(problem: Problem) -> tuple[Plan, float]:
    """The cheapest of all whole-unit plans, by looking at every one."""
    moves, places = problem.moves, problem.places
    best, least = costs.nothing_plan(problem), np.inf
    ranges = [range(int(limit) + 1) for limit in np.concatenate([moves.limit, places.order_limit])]
    for units in itertools.product(*ranges):
        moved, ordered = np.split(np.array(units, dtype=float), [len(moves)])
        given = np.bincount(moves.source, moved, len(places))
        if (given > places.spare).any():
            continue
        plan = Plan(moved, ordered)
        if (cost := costs.plan_cost(problem, plan).objective) < least:
            best, least = plan, cost
    return best, least


def priced(problem: Problem) -> tuple[Proof, float]:
    """Prices of the linear programme with every whole unit as a piece, and its least cost."""
    places, moves, rows = problem.places, problem.moves, problem.rows
    n, m, j = len(places), len(moves), len(rows)
    low = -places.spare
    comes = np.asarray(np.bincount(moves.target, moves.limit, n), dtype=np.float64)
    own, k = _steps(low, comes + places.order_limit)
    near_own, near_k = _steps(low, comes)
    pieces = _at(problem, own, k + 1) - _at(problem, own, k)
    near_pieces = _near_at(problem, near_own, near_k + 1) - _near_at(problem, near_own, near_k)
    d, e = len(own), len(near_own)
    cost = [
        problem.dead_band_factor * moves.unit_cost,
        places.order_cost,
        pieces,
        near_pieces,
        rows.slack_price,
    ]
    inward = sp.csr_matrix((np.ones(m), (moves.target, np.arange(m))), (n, m))
    outward = sp.csr_matrix((np.ones(m), (moves.source, np.arange(m))), (n, m))
    take = sp.csr_matrix((problem.move_uses.amount, problem.move_uses.row, problem.move_uses.start), (m, j)).T
    piece = sp.csr_matrix((np.ones(d), (own, np.arange(d))), (n, d))
    near_piece = sp.csr_matrix((np.ones(e), (near_own, np.arange(e))), (n, e))
    found = linprog(  # type: ignore[call-overload]  # its stubs know no sparse rows
        np.concatenate(cost),
        A_ub=sp.vstack(
            [
                sp.hstack([outward, sp.csr_matrix((n, n + d + e + j))]),
                sp.hstack([take, sp.csr_matrix((j, n + d + e)), -sp.eye(j)]),
            ]
        ),
        b_ub=np.concatenate([places.spare, rows.capacity - rows.base_use]),
        A_eq=sp.vstack(
            [
                sp.hstack([outward - inward, -sp.eye(n), piece, sp.csr_matrix((n, e + j))]),
                sp.hstack([outward - inward, sp.csr_matrix((n, n + d)), near_piece, sp.csr_matrix((n, j))]),
            ]
        ),
        b_eq=np.concatenate([-low, -low]),
        bounds=np.column_stack(
            [
                np.zeros(m + n + d + e + j),
                np.concatenate([moves.limit, places.order_limit, np.ones(d + e), np.full(j, np.inf)]),
            ]
        ),
        method="highs-ds",
    )
    start = _at(problem, np.arange(n), low).sum() + _near_at(problem, np.arange(n), low).sum()
    value, extra = np.split(-found.eqlin.marginals, [n])
    return Proof(0.0, -found.ineqlin.marginals[n:], value, value + extra), float(found.fun + start)


def _steps(low: Numbers, high: Numbers) -> tuple[Integers, Numbers]:
    count = np.maximum(high - low, 0).astype(int)
    owner = np.repeat(np.arange(len(low)), count)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + low[owner]


def _at(problem: Problem, own: Integers, k: Numbers) -> Numbers:
    # Cost of these places' pools and levels at position + k, one place at a time.
    cost = np.zeros(len(own))
    for step in np.unique(k):
        rows = np.flatnonzero(k == step)
        position = problem.places.position + step
        expected, floors = costs.pool_cost(problem, position)
        below = np.maximum(
            np.where(np.isfinite(problem.places.level), problem.places.level, -1e9) - position, 0
        )
        cost[rows] = (expected + floors + problem.places.level_price * below)[own[rows]]
    return cost


def _near_at(problem: Problem, own: Integers, k: Numbers) -> Numbers:
    near = replace(problem, places=problem.places.take(own))
    return costs.near_cost(near, near.places.near_position + k)
