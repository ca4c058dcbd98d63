"""Which engine solves a network problem, and what is published when none does."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from optimization.errors import ContractError, StockplanError
from optimization.network.costs import nothing_plan, plan_cost, policy_plan
from optimization.network.gate import require_sound
from optimization.network.lattice import Lattice
from optimization.network.outcomes import outcome
from optimization.network.own_rows import OwnRows
from optimization.network.problem import Numbers, Outcome, Plan, Problem, Proof
from optimization.parameters import NetworkParameters
from optimization.results import Mapper

# Measured on the hard generator at 20 locations, three seeds: prices leave a gap of 0.01 to 0.6 % with
# 1,000 items, up to 6 % with 1,500 and at most 0.05 % with 2,000; the whole problem leaves 0.003 %, and
# takes 20 times as long.
_WHOLE_ITEMS = 1_800
# No problem with more items has so few columns that branch and bound can take all of it.
_TINY_ITEMS = 100
# So many places can still be solved in one piece within a minute or two, where prices left a gap. At 100
# locations prices leave 0.12 % with 1,000 items and at most 0.10 % with 2,000.
_MOST_PLACES = 80_000
# So many quantities in lots can be rounded in one search; where nearly all are, that takes far longer than
# settling them item by item. Charges alone split few quantities and do not count.
_FEW_LOTS = 500
# Up to this gap the search item by item is not worth its work there: on the demo it took ten times as
# long and closed nothing.
_LARGE_GAP = 0.005
# So large a model is still searched with every lot and a user's own rows in it.
_OWN_COLUMNS = 20_000


def solve_network(
    problem: Problem, parameters: NetworkParameters, mapper: Mapper = map, own: OwnRows | None = None
) -> Outcome:
    """Solve a problem with the engine that suits its size; lots, minima and charges are kept.

    The plan is never dearer than doing nothing or ordering what the policy asks for. When an engine
    fails, the cheaper of these two is the plan, with status FALLBACK and the reason in `detail`. Raises
    `NonFiniteInputError` or `ContractError` for a problem that is none.

    With `own` rows of a user the whole problem is solved in Pyomo. They hold in every plan: where
    neither of the two simple plans keeps them, the engine's own error is raised, and `ContractError`
    where they meet lots in a problem too large for one search.
    """
    require_sound(problem)
    simple = [policy_plan(problem), nothing_plan(problem)]
    if own is not None:
        _require_searchable(problem)
        simple = [plan for plan in simple if own.keeps(plan)]
    try:
        found = _solved(problem, parameters, mapper) if own is None else _with_own(problem, parameters, own)
    except (StockplanError, ArithmeticError, MemoryError) as error:
        if not simple:
            raise
        return _fallback(problem, _cheapest(problem, simple), f"{type(error).__name__}: {error}")
    plan, gap = _cheapest(problem, [found.plan, *simple]), parameters.max_relative_gap
    return outcome(problem, plan, found.proof, found.engine, allowed_gap=gap)


def _require_searchable(problem: Problem) -> None:
    if not Lattice.of(problem).is_coarse.any():
        return
    from optimization.network.whole import exact_column_count

    if (columns := exact_column_count(problem)) > _OWN_COLUMNS:
        raise ContractError(
            f"network.user_rows with lots, minima or fixed costs is solved in one search, which {columns:,} "
            f"columns are too many for (at most {_OWN_COLUMNS:,}). Plan fewer items or locations, leave out "
            "lots, minima and fixed costs of lanes and suppliers, or set network.user_rows to null"
        )


def _with_own(problem: Problem, parameters: NetworkParameters, own: OwnRows) -> Outcome:
    """The problem in one piece with the user's rows, or with every lot in one search where it is small."""
    from optimization.network.whole import exact_column_count, solve_exactly, solve_whole

    has_lots = Lattice.of(problem).is_coarse.any()
    if has_lots or exact_column_count(problem) <= _OWN_COLUMNS:
        found = solve_exactly(problem, parameters, own)
        if has_lots or found.relative_gap <= parameters.max_relative_gap:
            return found
    return solve_whole(problem, parameters, own)


def _solved(problem: Problem, parameters: NetworkParameters, mapper: Mapper) -> Outcome:
    if parameters.engine != "items" and problem.item_count <= _TINY_ITEMS:
        from optimization.network.whole import solve_tiny

        if (found := solve_tiny(problem, parameters)) is not None:
            return found
    lattice = Lattice.of(problem)
    if not lattice.is_coarse.any():
        return _without_lots(parameters, mapper, problem, None)
    plans: list[Outcome] = []
    in_lots = int(((lattice.most > 0) & ((lattice.step > 1) | (lattice.least > 1))).sum())
    if _engine(problem, parameters) == "whole" and in_lots <= _FEW_LOTS:
        from optimization.network.whole import solve_whole

        rounded = solve_whole(problem, parameters)
        if rounded.relative_gap <= max(parameters.max_relative_gap, _LARGE_GAP):
            return rounded
        plans.append(rounded)
    from optimization.network.lots.settling import settle

    plans.append(settle(problem, partial(_without_lots, parameters, mapper), parameters, mapper))
    best = min(plans, key=lambda each: each.objective)
    return replace(best, proof=max((each.proof for each in plans), key=lambda proof: proof.bound))


def _engine(problem: Problem, parameters: NetworkParameters) -> str:
    if parameters.engine != "auto":
        return parameters.engine
    is_small = problem.item_count <= _WHOLE_ITEMS and len(problem.places) <= _MOST_PLACES
    return "whole" if is_small else "items"


def _without_lots(
    parameters: NetworkParameters, mapper: Mapper, problem: Problem, row_price: Numbers | None
) -> Outcome:
    """Solve a problem without lots; row prices (j) to start from may be known."""
    # The item engine is compiled when it is first imported, which a small run need not wait for.
    if _engine(problem, parameters) == "items":
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
