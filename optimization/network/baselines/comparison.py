"""The plan beside the baselines: cost and expected service of each, and the rule that none is better."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.network_outputs import NETWORK_BASELINE
from optimization.demand.distributions import expected_shortage
from optimization.errors import AuditError
from optimization.network.costs import (
    near_after,
    near_cost,
    plan_cost,
    pool_cost,
    position_after,
    row_use,
)
from optimization.network.problem import Numbers, Plan, Problem, Texts

OURS = "network_model"
_MONEY_AND_UNITS = (
    "plan_cost",
    "stock_cost",
    "lead_time_shortage_cost",
    "lane_cost",
    "penalty_cost",
    "objective",
    "objective_above_plan",
    "planned_move_units",
    "planned_order_units",
    "expected_fill_rate",
)
_NOISE = 1e-6


def check_none_is_better(problem: Problem, objective: float, plans: Mapping[str, Plan]) -> None:
    """Raise `AuditError` where a baseline reaches a lower objective than the plan.

    Every baseline is a plan of the same model, priced in the same way, what it breaks included.
    """
    for name, plan in plans.items():
        theirs = plan_cost(problem, plan).objective
        if objective > theirs + _NOISE * max(abs(theirs), 1.0):
            raise AuditError(
                f"the network plan costs {objective:.6g}, the baseline {name} {theirs:.6g}; nothing may be "
                "published. Re-run with this snapshot and report it: the engine missed a better plan"
            )


def compared(
    problem: Problem,
    plan: Plan,
    plans: Mapping[str, Plan],
    mean: Numbers,
    variance: Numbers,
    groups: Mapping[str, Texts],
) -> pd.DataFrame:
    """`opt_out__network_baseline`: the plan and every baseline, in total and by group.

    `mean`, `variance`: demand over the protection interval (n), of which the expected share filled is
    told. `groups`: name of the breakdown, and the group of every place (n). Capacities exceeded are
    priced in the total alone: no group owns them.
    """
    everywhere = np.full(len(problem.places), "*", dtype=object)
    rows: list[dict[str, object]] = []
    for breakdown, group in {"all": everywhere, **groups}.items():
        number, names = pd.factorize(group, sort=True)
        ours: Numbers | None = None
        for method, each in {OURS: plan, **plans}.items():
            figures = _figures(problem, each, mean, variance, number, len(names))
            if breakdown == "all":
                over = plan_cost(problem, each).slack
                figures["penalty_cost"] += over
                figures["objective"] += over
            ours = figures["objective"] if ours is None else ours
            figures["objective_above_plan"] = figures["objective"] - ours
            for k, name in enumerate(names):
                rows.append(
                    {
                        "plan_method": method,
                        "breakdown": breakdown,
                        "breakdown_value": name,
                        **{column: values[k] for column, values in figures.items()},
                        "is_feasible": _is_feasible(problem, each),
                        "reason_code": "PLAN_OF_THE_DAY" if method == OURS else "SIMPLER_RULE",
                        "method": method,
                        "status": "OK",
                    }
                )
    frame = pd.DataFrame(rows, columns=list(NETWORK_BASELINE.column_names))
    # Without a place there are no rows to take types from.
    types = dict.fromkeys(_MONEY_AND_UNITS, "float64") | {"series_count": "int64", "is_feasible": "bool"}
    return NETWORK_BASELINE.validate(frame.astype(types))


def expected_fill(
    position: Numbers,
    mean: Numbers,
    variance: Numbers,
    group: npt.NDArray[np.int64] | None = None,
    count: int = 1,
) -> Numbers:
    """Share of protection demand that is filled at once, per group: 1 − ΣE(D − y)+/Σμ; 1 without demand.

    What is short beyond demand (backorders) does not count twice, so the share is not below 0.

    >>> expected_fill(np.array([14.0]), np.array([23.0]), np.array([64.0])).round(4).tolist()
    [0.5945]
    """
    group = np.zeros(len(mean), dtype=np.int64) if group is None else group
    short = np.minimum(expected_shortage(position, mean, variance), mean)
    asked = np.bincount(group, weights=mean, minlength=count)
    missed = np.bincount(group, weights=short, minlength=count)
    share = 1.0 - np.divide(missed, asked, out=np.zeros(count), where=asked > 0)
    return np.clip(share, 0.0, 1.0)


def _figures(
    problem: Problem,
    plan: Plan,
    mean: Numbers,
    variance: Numbers,
    group: npt.NDArray[np.int64],
    count: int,
) -> dict[str, Numbers]:
    places, moves = problem.places, problem.moves
    after = position_after(problem, plan)

    def total(amount: Numbers, of: npt.NDArray[np.int64] = group) -> Numbers:
        return np.bincount(of, weights=amount, minlength=count).astype(np.float64)

    expected, floors = pool_cost(problem, after)
    below = np.maximum(np.where(np.isfinite(places.level), places.level, after) - after, 0.0)
    stock, penalty = total(expected), total(floors + places.level_price * below)
    near = total(near_cost(problem, near_after(problem, plan)))
    # A move belongs to the group of its target, for whose sake it is made.
    by_target = group[moves.target]
    lane = total(moves.unit_cost * plan.moved + moves.fixed_cost * (plan.moved > 0), by_target)
    orders = total(places.order_cost * plan.ordered + places.order_fixed_cost * (plan.ordered > 0))
    cost = stock + near + lane + orders
    return {
        "series_count": total(np.ones(len(places))),
        "plan_cost": cost,
        "stock_cost": stock,
        "lead_time_shortage_cost": near,
        "lane_cost": lane,
        "penalty_cost": penalty,
        "objective": cost + (problem.dead_band_factor - 1.0) * lane + penalty,
        "planned_move_units": total(plan.moved, by_target),
        "planned_order_units": total(plan.ordered),
        "expected_fill_rate": expected_fill(after, mean, variance, group, count),
    }


def _is_feasible(problem: Problem, plan: Plan) -> bool:
    rows = problem.rows
    over = row_use(problem, plan) - rows.capacity
    return bool((over <= _NOISE * np.maximum(np.abs(rows.capacity), 1.0)).all())
