"""A decided plan on few places for tests of what is published about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from optimization.network.costs import plan_cost, row_use
from optimization.network.problem import Outcome, Plan, Problem, Proof
from optimization.network.telling.tables import Decided
from optimization.policy.planning import plan_policies
from tests.science_frames import AS_OF, item_location, lane, protection


def decided(
    problem: Problem,
    moved: list[float],
    ordered: list[float] | None = None,
    *,
    row_price: list[float] | None = None,
    need: list[float] | None = None,
    lanes: list[tuple[str, str]] | None = None,
    status: Any = "OPTIMAL",
    **columns: Any,
) -> Decided:
    """`problem` (one item at L1 … Ln) with this plan; `columns` go to `opt_in__item_location`."""
    n = len(problem.places)
    plan = Plan(np.array(moved, dtype=float), np.array(ordered or [0.0] * n, dtype=float))
    price = np.array(row_price or [0.0] * len(problem.rows), dtype=float)
    cost = plan_cost(problem, plan).objective
    outcome = Outcome(
        plan=plan,
        proof=Proof(cost, price, np.zeros(n), np.zeros(n)),
        status=status,
        detail="",
        engine="whole",
        objective=cost,
        slack=np.maximum(row_use(problem, plan) - problem.rows.capacity, 0.0),
    )
    items = item_location(n, on_hand_units=problem.places.position, **columns)
    demand = protection(items, problem.curves.mean.tolist(), ratio=1.0)
    policy, _ = plan_policies(items, demand, None)
    return Decided(
        problem=problem,
        outcome=outcome,
        topped=np.zeros(n, dtype=bool),
        item_location=items,
        policy=policy,
        protection_demand=demand,
        lane=_lanes(problem, lanes),
        stated_capacity=problem.rows.capacity,
        is_planned=np.ones(n, dtype=bool),
        need=np.array(need or [0.0] * n, dtype=float),
        as_of=AS_OF,
    )


def _lanes(problem: Problem, further: list[tuple[str, str]] | None) -> pd.DataFrame:
    moves = problem.moves
    own = [(f"L{s + 1}", f"L{t + 1}") for s, t in zip(moves.source, moves.target, strict=True)]
    return lane([*own, *(further or [])])
