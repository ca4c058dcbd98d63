"""One item at given prices, solved exactly in whole units: closed walks of falling cost.

An item is a network of convex costs. Nodes are a place's position Y, its outflow O and its arrivals A
(the same as Y where no near curve counts), and the hub outside. A closed walk through the hub, or a
circle among the moves, that costs less than nothing is run as long as its next unit pays. When none
is left the plan is best, and the distances from the hub are the values of a unit (Ahuja, Magnanti &
Orlin, Network Flows, chapters 9 and 14).
"""

from __future__ import annotations

import numpy as np

from optimization.network.engine.arrays import DOWN, UP, Net, RowPrices, State, Work
from optimization.network.engine.compiled import constant, inner
from optimization.network.engine.marginals import HOLDING, SHORTAGE, PlaceCurves
from optimization.network.engine.residual import NOWHERE, end_costs, leave_hub, residual_arcs, search, trace
from optimization.network.engine.row_pricing import price_moves, price_orders
from optimization.network.engine.walks import run_walks, try_walk
from optimization.network.problem import Numbers

CONSTANT, GROWING, LIMITED = constant(0), constant(1), constant(2)
"""How rows act within an item: at constant prices, at prices that grow with use, with hard limits."""

# Of the item's dearest unit: what a walk must win per unit, and the shift of prices that is looked at again.
_TOLERANCE = 1e-10
_STALE = 1e-3


@inner
def _dearest_unit(numbers: Numbers, places: Numbers, first: int, count: int) -> float:
    dearest = 0.0
    for place in range(first, first + count):
        dearest = max(dearest, numbers[place, HOLDING] + numbers[place, SHORTAGE])
        dearest = max(dearest, max(abs(places[place, UP]), abs(places[place, DOWN])))
    return dearest


@inner
def solve_item(
    net: Net,
    curves: PlaceCurves,
    state: State,
    prices: RowPrices,
    work: Work,
    item: int,
    mode: int,
    most_walks: int,
) -> int:
    """Improve the item's plan until no closed walk pays; walks run, or −1 when the limit was met.

    At CONSTANT prices the plan is then exactly best for the item (up to 1e-10 of its dearest unit) and
    `work.distance` holds the values of a unit. With GROWING prices or LIMITED rows every walk lowers the
    priced cost of the whole plan.
    """
    first = net.place_start[item]
    count = net.place_start[item + 1] - first
    dearest = price_moves(net, state, prices, work, item, mode == LIMITED)
    price_orders(net, state, prices, work, item, mode == LIMITED)
    unit = _dearest_unit(curves.numbers, state.places, first, count)
    slack = _TOLERANCE * unit + 1e-14 * dearest
    walks, number, shift = 0, 0, 0.0
    for node in range(3 * count):
        work.taken[node] = 0
    while True:
        if (mode == LIMITED and walks > 0) or shift > _STALE * unit:
            price_moves(net, state, prices, work, item, mode == LIMITED)
            price_orders(net, state, prices, work, item, mode == LIMITED)
            shift = 0.0
        arcs = residual_arcs(net, curves.numbers, state, work, item)
        leave_hub(state.places, work, first, count)
        node = search(work, count, arcs, 0.01 * slack)
        number += 1
        if node >= 0:
            length = trace(work, node, NOWHERE, number)
            units, moved = try_walk(net, curves, state, prices, work, item, length, slack)
            found = 1 if units > 0.0 else 0
        else:
            least = end_costs(state.places, work, first, count)
            if least >= -slack:
                return walks
            found, moved = run_walks(net, curves, state, prices, work, item, number, least, slack)
        if found == 0 and shift == 0.0:
            return walks
        shift = np.inf if found == 0 else shift + moved
        walks += found
        if walks >= most_walks:
            return -1
