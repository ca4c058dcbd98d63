"""All baselines of one problem by name."""

from __future__ import annotations

import numpy as np

from optimization.network.baselines.admission import Wishes, admitted
from optimization.network.baselines.balanced_days import balanced_days
from optimization.network.baselines.needs import days_of_supply
from optimization.network.baselines.rule_engine import rule_engine
from optimization.network.baselines.threshold import threshold
from optimization.network.baselines.turn_and_earn import turn_and_earn
from optimization.network.costs import nothing_plan
from optimization.network.problem import Numbers, Plan, Problem


def baseline_plans(
    problem: Problem, daily_rate: Numbers, unit_cost: Numbers | None = None
) -> dict[str, Plan]:
    """Plans by name, feasible in the model: `nothing`, `policy_alone` and four ways to move stock.

    `daily_rate`: demand per day of every place (n); `unit_cost`: money per unit (n), read by the cost
    thresholds alone. Every rule but `nothing` then orders what the policy still asks for, or else
    expected demand, as far as order limit and coupling rows let it. A row that is over before anything
    is done stays over.
    """
    cost: Numbers = np.zeros(len(problem.places)) if unit_cost is None else unit_cost
    none: Numbers = np.zeros(len(problem.places))
    cover = days_of_supply(problem, daily_rate)
    wishes = {
        "policy_alone": Wishes(none, none, np.zeros(0, dtype=np.int64)),
        "balanced_days": balanced_days(problem, daily_rate),
        "turn_and_earn": turn_and_earn(problem, daily_rate),
        "threshold": threshold(problem, daily_rate, cost),
        "rule_engine": rule_engine(problem, daily_rate),
    }
    return {"nothing": nothing_plan(problem)} | {
        name: admitted(problem, wish, cover) for name, wish in wishes.items()
    }
