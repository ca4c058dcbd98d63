"""Which engine solves a network problem, and what is published when none does."""

from __future__ import annotations

from functools import partial

import numpy as np

from optimization.errors import StockplanError
from optimization.network.costs import nothing_plan, plan_cost, policy_plan
from optimization.network.gate import require_sound
from optimization.network.lattice import Lattice
from optimization.network.outcomes import outcome
from optimization.network.problem import Numbers, Outcome, Plan, Problem, Proof
from optimization.parameters import NetworkParameters
from optimization.results import Mapper

# Measured on the hard generator at 20 locations, three seeds: prices leave a gap of 0.01 to 0.6 % with
# 1,000 items, up to 6 % with 1,500 and at most 0.05 % with 2,000; the whole problem leaves 0.003 %, and
# takes 20 times as long.
_WHOLE_ITEMS = 1_800
# No problem with more items has so few columns that branch and bound can take all of it.
_TINY_ITEMS = 100
# So many places can still be solved in one piece within a minute or two, where prices left a gap.
_MOST_PLACES = 80_000


def solve_network(problem: Problem, parameters: NetworkParameters, mapper: Mapper = map) -> Outcome:
    """Solve a problem with the engine that suits its size; lots, minima and charges are kept.

    The plan is never dearer than doing nothing or ordering what the policy asks for. When an engine
    fails, the cheaper of these two is the plan, with status FALLBACK and the reason in `detail`. Raises
    `NonFiniteInputError` or `ContractError` for a problem that is none.
    """
    require_sound(problem)
    simple = _cheapest(problem, [policy_plan(problem), nothing_plan(problem)])
    try:
        found = _solved(problem, parameters, mapper)
    except (StockplanError, ArithmeticError, MemoryError) as error:
        return _fallback(problem, simple, f"{type(error).__name__}: {error}")
    return outcome(problem, _cheapest(problem, [found.plan, simple]), found.proof, found.engine)


def _solved(problem: Problem, parameters: NetworkParameters, mapper: Mapper) -> Outcome:
    if parameters.engine != "items" and problem.item_count <= _TINY_ITEMS:
        from optimization.network.whole import solve_tiny

        if (found := solve_tiny(problem, parameters)) is not None:
            return found
    if not Lattice.of(problem).is_coarse.any():
        return _without_lots(parameters, mapper, problem, None)
    from optimization.network.lots.settling import settle

    return settle(problem, partial(_without_lots, parameters, mapper), parameters, mapper)


def _without_lots(
    parameters: NetworkParameters, mapper: Mapper, problem: Problem, row_price: Numbers | None
) -> Outcome:
    """Solve a problem without lots; row prices (j) to start from may be known."""
    engine = parameters.engine
    if engine == "auto":
        engine = "whole" if problem.item_count <= _WHOLE_ITEMS else "items"
    # The item engine is compiled when it is first imported, which a small run need not wait for.
    if engine == "items":
        from optimization.network.engine.coordination import solve_by_items

        found = solve_by_items(problem, parameters, mapper, row_price)
        is_open = found.relative_gap > parameters.max_relative_gap
        if parameters.engine == "items" or not is_open or len(problem.places) > _MOST_PLACES:
            return found
    from optimization.network.whole import solve_whole

    return solve_whole(problem, parameters)


def _cheapest(problem: Problem, plans: list[Plan]) -> Plan:
    """The cheapest of several plans, the first one of equals."""
    costs = [plan_cost(problem, plan).objective for plan in plans]
    return plans[int(np.argmin(costs))]


def _fallback(problem: Problem, plan: Plan, reason: str) -> Outcome:
    n = len(problem.places)
    nothing_proven = Proof(-np.inf, np.zeros(len(problem.rows)), np.zeros(n), np.zeros(n))
    known = outcome(problem, plan, nothing_proven, "fallback", reason)
    return Outcome(known.plan, known.proof, "FALLBACK", reason, "fallback", known.objective, known.slack)
