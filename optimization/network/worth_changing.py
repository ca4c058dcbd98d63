"""Which quantities of a plan are worth changing by a step, so that a search need not look at the others.

Belongs here: the rank of quantities around a relaxed plan, from the prices of the coupling rows.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimization.network.lattice import Lattice, as_plan
from optimization.network.lots.priced import place_costs, use_price
from optimization.network.problem import Integers, Numbers, Plan, Problem

# A step that fits a row better wins so much of what it takes of the row, before it has cost anything.
_FITTING = 0.5


def by_promise(problem: Problem, quantity: Numbers, row_price: Numbers) -> Integers:
    """All quantities (m + n), the most promising to change first; ties by number.

    At the prices of the rows a step away from a best quantity loses money. It pays where it fills what
    whole quantities leave empty in a full row, so a large step at a full row is worth more loss than a
    small one: vehicles are exchanged before screws.
    """
    lattice = Lattice.of(problem)
    taken = use_price(problem, row_price)
    plan = as_plan(problem, quantity)
    source, target = problem.moves.source, problem.moves.target
    (more, less), (later_more, later_less) = (_steps(problem, plan, near) for near in (True, False))
    cost = lattice.cost + taken
    up = cost + np.concatenate([more[target] + less[source], later_more])
    down = -cost + np.concatenate([less[target] + more[source], later_less])
    up = np.where(quantity < lattice.most, up, np.inf)
    down = np.where(quantity > 0, down, np.inf)
    score = np.minimum(up, down) - _FITTING * np.abs(taken)
    return np.lexsort((np.arange(len(score)), lattice.step * score))


def _steps(problem: Problem, plan: Plan, with_near: bool) -> tuple[Numbers, Numbers]:
    """What one unit more and one unit less cost at every place (n); before an order comes, or after."""
    places = problem.places
    now = place_costs(problem, plan)
    changed = []
    for unit in (1.0, -1.0):
        shifted = replace(
            places,
            position=places.position + unit,
            near_position=places.near_position + (unit if with_near else 0.0),
        )
        changed.append(place_costs(replace(problem, places=shifted), plan) - now)
    return changed[0], changed[1]
