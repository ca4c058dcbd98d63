"""What one move is worth: the plan with it against the plan without it, everything else as it is."""

from __future__ import annotations

import numpy as np

from optimization.lots import feasible_quantity
from optimization.network.audit import position_after
from optimization.network.curves import expected_cost, near_cost
from optimization.network.items import Moves, Numbers, Places


def move_values(
    places: Places, moves: Moves, moved: Numbers, ordered: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Value at the destination, value given up at the source, and cost, of each move with units, money.

    Where the policy triggers, the destination would order more without the move: its value is the
    shortage over the lead time that it avoids, and the excess of lots that it makes needless.
    """
    used = np.flatnonzero(moved > 0)
    chosen, units = moves.take(used), moved[used]
    after = position_after(places, moves, moved, ordered)
    arrived = np.bincount(moves.target, weights=moved, minlength=len(places))
    to, give = places.take(chosen.target), places.take(chosen.source)
    others = arrived[chosen.target] - units
    order_without = feasible_quantity(to.need - others, to.moq, to.lot)
    order_without = np.where(to.need > 0, order_without, ordered[chosen.target])
    without = after[chosen.target] - units - ordered[chosen.target] + order_without
    destination = (
        expected_cost(to, without)
        - expected_cost(to, after[chosen.target])
        + near_cost(to, to.position + others)
        - near_cost(to, to.position + arrived[chosen.target])
    )
    kept = after[chosen.source]
    source = expected_cost(give, kept) - expected_cost(give, kept + units)
    return destination, source, chosen.unit_cost * units + chosen.fixed_cost


def without_losing_moves(
    places: Places, moves: Moves, moved: Numbers, ordered: Numbers, dead_band_factor: float
) -> tuple[Numbers, Numbers]:
    """Take back, worst first, moves that do not win the dead-band factor times their cost.

    A plan within the solver's gap may hold such a move; none is published.
    """
    moved, ordered = moved.copy(), ordered.copy()
    while (moved > 0).any():
        destination, source, cost = move_values(places, moves, moved, ordered)
        gain = destination - source - dead_band_factor * cost
        worst = int(np.argmin(gain))
        if gain[worst] >= -1e-9:
            break
        move = int(np.flatnonzero(moved > 0)[worst])
        moved[move] = 0.0
        target = moves.target[move]
        if places.need[target] > 0:
            arrived = moved[moves.target == target].sum()
            left = places.need[target : target + 1] - arrived
            ordered[target] = feasible_quantity(left, places.moq[target], places.lot[target])[0]
    return moved, ordered
