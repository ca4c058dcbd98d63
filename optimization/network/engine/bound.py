"""One exact pass over all items at given prices of the rows: the bound, and the values that prove it.

Items are taken in chunks that know nothing of each other, so the pass streams and spreads over
workers, and its result does not depend on how.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimization.network.costs import nothing_plan, plan_cost, row_use
from optimization.network.engine.arrays import net_of, plan_of, row_prices, state_of, work_for
from optimization.network.engine.item_solver import CONSTANT
from optimization.network.engine.marginals import read_marginals
from optimization.network.engine.pools import place_curves
from optimization.network.engine.sweeps import sweep
from optimization.network.problem import Numbers, Plan, Problem, Proof
from optimization.network.subsets import ItemIndex, of_items
from optimization.results import Mapper

MOST_WALKS = 1_000_000
"""Walks of one item before it counts as unfinished: far beyond what any needs."""


@dataclass(frozen=True)
class Chunk:
    """Some items, a plan for them to start from, and the prices of the rows."""

    problem: Problem
    start: Plan
    row_price: Numbers


@dataclass(frozen=True)
class Relaxed:
    """The best plan of some items at prices of the rows, its priced cost and what a unit is worth."""

    plan: Plan
    cost: float
    place_value: Numbers
    near_value: Numbers


def bound_pass(
    problem: Problem, row_price: Numbers, mapper: Mapper, chunk_items: int, start: Plan | None = None
) -> tuple[Plan, Proof]:
    """Best plan of every item by itself at these prices (j), and the proof of the bound they give.

    The bound is Σ items min(cost + λ·use) + λ·(base use − capacity), of the whole problem when λ lies
    between 0 and the price of slack. `start` saves time and changes nothing but ties.
    """
    chunks = Chunks(problem, row_price, chunk_items, start)
    done = list(mapper(solve_chunk, chunks))
    plan = Plan(_joined([part.plan.moved for part in done]), _joined([part.plan.ordered for part in done]))
    rows = problem.rows
    bound = sum(part.cost for part in done) + float(row_price @ (rows.base_use - rows.capacity))
    return plan, Proof(
        bound=bound,
        row_price=row_price,
        place_value=_joined([part.place_value for part in done]),
        near_value=_joined([part.near_value for part in done]),
    )


class Chunks(Sequence[Chunk]):
    """The items of a problem, so many at a time; each chunk is cut out when it is asked for."""

    def __init__(self, problem: Problem, row_price: Numbers, chunk_items: int, start: Plan | None) -> None:
        self.problem, self.row_price, self.start = problem, row_price, start or nothing_plan(problem)
        self.items, self.chunk_items = ItemIndex.of(problem), max(chunk_items, 1)

    def __len__(self) -> int:
        return -(-self.problem.item_count // self.chunk_items)

    def __getitem__(self, number: int) -> Chunk:  # type: ignore[override]
        if not 0 <= number < len(self):
            raise IndexError(number)
        first = number * self.chunk_items
        items = np.arange(first, min(first + self.chunk_items, self.problem.item_count))
        part = of_items(self.problem, self.items, items)
        start = Plan(self.start.moved[part.moves], self.start.ordered[part.places])
        return Chunk(part.problem, start, self.row_price)


def solve_chunk(chunk: Chunk) -> Relaxed:
    """Solve every item of a chunk exactly at the chunk's prices."""
    problem = chunk.problem
    net, curves, state = net_of(problem), place_curves(problem), state_of(problem, chunk.start)
    read_marginals(curves, state)
    place_value, near_value = np.zeros(len(problem.places)), np.zeros(len(problem.places))
    prices = row_prices(problem, chunk.row_price)
    work = work_for(net, len(problem.rows))
    items, values = np.arange(problem.item_count), (place_value, near_value)
    _, _, unfinished = sweep(net, curves, state, prices, work, items, CONSTANT, MOST_WALKS, *values)
    plan = plan_of(state)
    if unfinished:
        return Relaxed(
            plan, _certified(problem, chunk.row_price, place_value, near_value), place_value, near_value
        )
    cost = plan_cost(problem, plan)
    used = row_use(problem, plan) - problem.rows.base_use
    return Relaxed(plan, cost.objective - cost.slack + float(chunk.row_price @ used), place_value, near_value)


def _certified(problem: Problem, row_price: Numbers, place_value: Numbers, near_value: Numbers) -> float:
    """What the values prove of the items' cost when a search was cut short."""
    from optimization.network.proof.certificate import certified_bound

    return float(certified_bound(problem, Proof(-np.inf, row_price, place_value, near_value)).by_item.sum())


def _joined(parts: list[Numbers]) -> Numbers:
    return np.concatenate(parts) if parts else np.zeros(0)
