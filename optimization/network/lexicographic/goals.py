"""What the joint plan wants, in order, and how much of each a plan leaves undone.

Every goal is a number to be made small. Its measure in numpy is here, its expression in the model
beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from optimization.network.lexicographic.case import Case, Numbers, Shares, moved, pool, stock_after

Kind = Literal["law", "ring_fence", "capacity", "unmet", "fairness", "cost", "borrowed", "churn"]

# Vectors are compared at this relative distance: each solved goal is kept only so closely.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Goal:
    """One goal; `tier` where it is a tier's, `rank` for fairness: it looks at the `rank` worst served."""

    kind: Kind
    tier: int = 0
    rank: int = 0


def members(case: Case, tier: int) -> list[tuple[int, int]]:
    """Item-locations by segment of a tier that want something."""
    wants = (case.demand > 0) & (case.tier == tier)[None, :] & (case.weight > 0)[None, :]
    return [(int(place), int(segment)) for place, segment in np.argwhere(wants)]


def goals_of(case: Case) -> tuple[Goal, ...]:
    """Promises, fences, space; unmet demand by tier; fairness by tier; cost, borrowing, churn."""
    tiers = np.unique(case.tier).tolist()
    return (
        Goal("law"),
        Goal("ring_fence"),
        Goal("capacity"),
        *(Goal("unmet", tier) for tier in tiers),
        *(Goal("fairness", tier, rank + 1) for tier in tiers for rank in range(len(members(case, tier)))),
        Goal("cost"),
        Goal("borrowed"),
        Goal("churn"),
    )


def measure(case: Case, shares: Shares) -> Numbers:
    """How much of every goal of `goals_of` a plan leaves undone, in the same order.

    Fairness of rank r is minus the sum of the r lowest fills, fill being the served part of demand by
    weight: plans compare by these sums as they do by the sorted fills, and sums are linear.
    Source: Ogryczak & Śliwiński (2006), ordered outcomes.
    """
    after, common = stock_after(case, shares), pool(case, shares)
    unmet = np.maximum(case.demand - shares.own - shares.borrowed, 0.0)
    owned = np.zeros(case.fence.shape)
    np.add.at(owned, case.item, shares.own)
    filled = np.bincount(case.location, weights=after * case.size[case.item], minlength=len(case.space))
    units = moved(case, shares)
    lane_used = np.bincount(case.lane, weights=units, minlength=len(case.lane_fixed_cost)) > 0
    shortfall = np.maximum(case.safety_stock + shares.borrowed.sum(axis=1) - common, 0.0)
    cost = units @ case.unit_cost + lane_used @ case.lane_fixed_cost
    cost += after @ case.holding_cost + shortfall @ case.shortfall_cost
    plain = {
        "law": np.maximum(case.reserved - shares.own, 0.0).sum(),
        "ring_fence": np.maximum(case.fence - owned, 0.0).sum(),
        "capacity": np.maximum(filled - case.space, 0.0).sum(),
        "cost": cost,
        "borrowed": shares.borrowed.sum(),
        "churn": np.abs(shares.own - case.previous).sum(),
    }
    fills = (case.demand - unmet) / np.where(case.demand > 0, case.demand * case.weight, 1.0)
    result = []
    for goal in goals_of(case):
        if goal.kind == "unmet":
            result.append((unmet * case.value[case.item][:, None])[:, case.tier == goal.tier].sum())
        elif goal.kind == "fairness":
            worst = np.sort([fills[member] for member in members(case, goal.tier)])
            result.append(-worst[: goal.rank].sum())
        else:
            result.append(plain[goal.kind])
    return np.array(result, dtype=np.float64)


def is_not_worse(measured: Numbers, other: Numbers) -> bool:
    """Whether one vector of goals is as good as another: the first that differs decides.

    >>> is_not_worse(np.array([0.0, 1.0, 9.0]), np.array([0.0, 2.0, 0.0]))
    True
    """
    differs = np.flatnonzero(np.abs(measured - other) > TOLERANCE * np.maximum(1.0, np.abs(other)))
    return not len(differs) or bool(measured[differs[0]] < other[differs[0]])


def expression(model: Any, goal: Goal) -> Any:
    """The goal as a linear expression of the model's variables."""
    case: Case = model.data.case
    unmet, item = model.unmet, case.item.tolist()
    if goal.kind == "unmet":
        return sum(case.value[item[p]] * unmet[p, s] for p, s in unmet if case.tier[s] == goal.tier)
    if goal.kind == "fairness":
        lowest, below = model.lowest[goal.tier, goal.rank], model.below
        missed = sum(below[goal.tier, goal.rank, p, s] for p, s in members(case, goal.tier))
        return missed - goal.rank * lowest
    if goal.kind == "cost":
        return _cost(model, case)
    slack = {
        "law": model.promise_short,
        "ring_fence": model.fence_short,
        "capacity": model.space_over,
        "borrowed": model.borrowed,
        "churn": model.changed,
    }
    return sum(slack[goal.kind].values())


def _cost(model: Any, case: Case) -> Any:
    lot = case.lot[case.item[case.source]]
    rise = case.holding_cost[case.target] - case.holding_cost[case.source] + case.unit_cost
    return (
        float((case.on_hand + case.inbound) @ case.holding_cost)
        + sum(lot[a] * rise[a] * model.lots[a] for a in model.lots)
        + sum(case.lane_fixed_cost[lane] * model.is_used[lane] for lane in model.is_used)
        + sum(case.shortfall_cost[p] * model.safety_short[p] for p in model.safety_short)
    )
