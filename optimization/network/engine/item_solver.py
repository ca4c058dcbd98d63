"""One item at given prices, solved exactly in whole units: closed walks of falling cost.

An item is a network of convex costs. Nodes are a place's position Y, its outflow O and its arrivals A
(the same as Y where no near curve counts), and the hub outside. A closed walk through the hub, or a
circle among the moves, that costs less than nothing is run as long as its next unit pays. When none
is left the plan is best, and the distances from the hub are the values of a unit (Ahuja, Magnanti &
Orlin, Network Flows, chapters 9 and 14).
"""

from __future__ import annotations

import numpy as np

from optimization.network.engine.arrays import (
    DOWN,
    NEAR,
    NEAR_DOWN,
    NEAR_UP,
    ORDERED,
    OUTFLOW,
    POSITION,
    UP,
    Net,
    RowPrices,
    State,
    Work,
)
from optimization.network.engine.compiled import compiled
from optimization.network.engine.marginals import (
    HOLDING,
    NEAR_SHORTAGE,
    SHORTAGE,
    PlaceCurves,
    marginal,
    near_marginal,
)
from optimization.network.problem import Integers, Numbers

# Steps of a walk. The first two leave the hub, the last two go back to it.
_STOCK, _ORDER = -2, -1  # take the last unit of a position; one more from the supplier
_SHIP, _UNSHIP = 2, 3  # one more on a move; one less
_OPEN, _CLOSE = 4, 5  # A → O within what is spare; back
_ARRIVE, _LEAVE = 6, 7  # A → Y along the near curve; back
_STORE, _UNORDER = 8, 9  # one more to the position; one less from the supplier

CONSTANT, GROWING, LIMITED = 0, 1, 2
"""How rows act within an item: at constant prices, at prices that grow with use, with hard limits."""

# Of the item's dearest unit: what a walk must win per unit, and the shift of prices that is looked at again.
_TOLERANCE = 1e-10
_STALE = 1e-3


@compiled
def read_marginals(curves: PlaceCurves, state: State) -> None:
    """Marginals of every place at the state's positions."""
    numbers, places = curves.numbers, state.places
    for place in range(len(places)):
        _read_place(curves, places, place)
        if numbers[place, NEAR_SHORTAGE] > 0.0:
            _read_near(numbers, places, place)


@compiled
def _read_place(curves: PlaceCurves, places: Numbers, place: int) -> None:
    at = places[place, POSITION]
    places[place, UP] = marginal(curves, place, at)
    places[place, DOWN] = marginal(curves, place, at - 1.0)


@compiled
def _read_near(numbers: Numbers, places: Numbers, place: int) -> None:
    at = places[place, NEAR]
    places[place, NEAR_UP] = near_marginal(numbers, place, at)
    places[place, NEAR_DOWN] = near_marginal(numbers, place, at - 1.0)


@compiled
def row_price(prices: RowPrices, row: int, use: float) -> float:
    """Price of one more unit of a row: λ + ρ·(use − capacity), between 0 and the price of slack."""
    price = prices.price[row] + prices.growth[row] * (use - prices.capacity[row])
    return float(min(max(price, 0.0), prices.slack_price[row]))


@compiled
def price_rows(prices: RowPrices, state: State) -> None:
    """Prices at the present use."""
    for row in range(len(prices.now)):
        prices.now[row] = row_price(prices, row, state.use[row])


@compiled
def _row_charge(prices: RowPrices, row: int, use: float) -> float:
    """The price summed up to this use: what the augmented Lagrangian charges, up to a constant."""
    growth, top, over = prices.growth[row], prices.slack_price[row], use - prices.capacity[row]
    start, end = -prices.price[row] / growth, (top - prices.price[row]) / growth
    if over <= start:
        return 0.0
    if over >= end:
        return float(0.5 * top * (end - start) + top * (over - end))
    return float(0.5 * growth * (over - start) * (over - start))


@compiled
def _charge(start: Integers, rows: Integers, amounts: Numbers, now: Numbers, owner: int) -> float:
    """What the rows' prices add to one unit of a move or an order."""
    cost = 0.0
    for use in range(start[owner], start[owner + 1]):
        cost += now[rows[use]] * amounts[use]
    return cost


@compiled
def _row_room(
    start: Integers,
    rows: Integers,
    amounts: Numbers,
    prices: RowPrices,
    use: Numbers,
    owner: int,
    sign: float,
) -> float:
    """Units of one move or order that fit into its hard rows."""
    room = np.inf
    for entry in range(start[owner], start[owner + 1]):
        row, amount = rows[entry], sign * amounts[entry]
        if amount > 0.0 and prices.is_hard[row]:
            room = min(room, max(np.floor((prices.capacity[row] - use[row]) / amount + 1e-9), 0.0))
    return room


@compiled
def _price_moves(net: Net, state: State, prices: RowPrices, work: Work, item: int, is_limited: bool) -> float:
    """Cost and room of the item's moves, both ways; the dearest cost is returned."""
    start, rows, amounts = net.move_use_start, net.move_use_row, net.move_use_amount
    unit_cost, limit, moved, now = net.unit_cost, net.limit, state.moved, prices.now
    costs, rooms, backs, factor = work.move_cost, work.move_room, work.back_room, net.cost_factor
    first, dearest = net.move_start[item], 0.0
    for move in range(first, net.move_start[item + 1]):
        cost = factor * unit_cost[move] + _charge(start, rows, amounts, now, move)
        room, back = limit[move] - moved[move], moved[move]
        if is_limited:
            room = min(room, _row_room(start, rows, amounts, prices, state.use, move, 1.0))
            back = min(back, _row_room(start, rows, amounts, prices, state.use, move, -1.0))
        costs[move - first], rooms[move - first], backs[move - first] = cost, room, back
        dearest = max(dearest, abs(cost))
    return dearest


@compiled
def _price_orders(net: Net, state: State, prices: RowPrices, work: Work, item: int, is_limited: bool) -> None:
    """Cost and room of the item's orders, both ways."""
    start, rows, amounts = net.order_use_start, net.order_use_row, net.order_use_amount
    first = net.place_start[item]
    for place in range(first, net.place_start[item + 1]):
        k, back = place - first, state.places[place, ORDERED]
        room = net.order_limit[place] - back
        if room + back > 0.0:
            work.order_cost[k] = net.order_cost[place] + _charge(start, rows, amounts, prices.now, place)
            if is_limited:
                room = min(room, _row_room(start, rows, amounts, prices, state.use, place, 1.0))
                back = min(back, _row_room(start, rows, amounts, prices, state.use, place, -1.0))
        work.order_room[k], work.back_order_room[k] = room, back


@compiled
def _dearest_unit(numbers: Numbers, places: Numbers, first: int, count: int) -> float:
    dearest = 0.0
    for place in range(first, first + count):
        dearest = max(dearest, numbers[place, HOLDING] + numbers[place, SHORTAGE])
        dearest = max(dearest, max(abs(places[place, UP]), abs(places[place, DOWN])))
    return dearest


@compiled
def _add_arc(work: Work, arcs: int, tail: int, head: int, kind: int, which: int, cost: float) -> int:
    work.tail[arcs], work.head[arcs] = tail, head
    work.kind[arcs], work.which[arcs], work.cost[arcs] = kind, which, cost
    return arcs + 1


@compiled
def _residual_arcs(net: Net, numbers: Numbers, state: State, work: Work, item: int) -> int:
    """Write what one more unit could do: arcs between nodes Y = k, O = n + k, A = 2n + k; their number."""
    first, move, arcs = net.place_start[item], net.move_start[item], 0
    count, first_move, last_move = net.place_start[item + 1] - first, move, net.move_start[item + 1]
    places, source, target = state.places, net.source, net.target
    rooms, backs, costs = work.move_room, work.back_room, work.move_cost
    for k in range(count):
        place, arrival = first + k, k
        if numbers[place, NEAR_SHORTAGE] > 0.0:
            arrival = 2 * count + k
            arcs = _add_arc(work, arcs, k, arrival, _LEAVE, k, -places[place, NEAR_DOWN])
            arcs = _add_arc(work, arcs, arrival, k, _ARRIVE, k, places[place, NEAR_UP])
        if places[place, OUTFLOW] < net.spare[place]:
            arcs = _add_arc(work, arcs, arrival, count + k, _OPEN, k, 0.0)
        if places[place, OUTFLOW] > 0.0:
            arcs = _add_arc(work, arcs, count + k, arrival, _CLOSE, k, 0.0)
        while move < last_move and source[move] == place:
            head, m = target[move] - first, move - first_move
            if numbers[target[move], NEAR_SHORTAGE] > 0.0:
                head += 2 * count
            if rooms[m] > 0.0:
                arcs = _add_arc(work, arcs, count + k, head, _SHIP, m, costs[m])
            if backs[m] > 0.0:
                arcs = _add_arc(work, arcs, head, count + k, _UNSHIP, m, -costs[m])
            move += 1
    return arcs


@compiled
def _leave_hub(places: Numbers, work: Work, first: int, count: int) -> None:
    """Distances of one step: the last unit of each position, or one more from the supplier."""
    distance, parent = work.distance, work.parent
    for k in range(count):
        distance[k], parent[k] = -places[first + k, DOWN], _STOCK
        if work.order_room[k] > 0.0 and work.order_cost[k] < distance[k]:
            distance[k], parent[k] = work.order_cost[k], _ORDER
        distance[count + k] = np.inf
        distance[2 * count + k] = np.inf
        parent[count + k] = _STOCK
        parent[2 * count + k] = _STOCK


@compiled
def _relax(
    tail: Integers,
    head: Integers,
    cost: Numbers,
    distance: Numbers,
    parent: Integers,
    arcs: int,
    slack: float,
) -> bool:
    """One pass of Bellman–Ford over the arcs; whether a distance fell."""
    fell = False
    for arc in range(arcs):
        reached = distance[tail[arc]] + cost[arc]
        if reached < distance[head[arc]] - slack:
            distance[head[arc]] = reached
            parent[head[arc]] = arc
            fell = True
    return fell


@compiled
def _on_circle(tail: Integers, parent: Integers, nodes: int) -> int:
    """A node on a circle of parents, −1 when they form a tree."""
    for start in range(nodes):
        node, steps = start, 0
        while parent[node] >= 0 and steps <= nodes:
            node = tail[parent[node]]
            steps += 1
        if steps > nodes:
            return node
    return -1


@compiled
def _search(work: Work, count: int, arcs: int, slack: float) -> int:
    """Least distances from the hub; a node on a circle that costs less than nothing, or −1."""
    tail, head, cost, distance, parent = work.tail, work.head, work.cost, work.distance, work.parent
    passes, check = 0, 8
    while _relax(tail, head, cost, distance, parent, arcs, slack):
        passes += 1
        if passes == check:
            node = _on_circle(tail, parent, 3 * count)
            if node >= 0:
                return node
            check *= 2
    return -1


@compiled
def _end_costs(places: Numbers, work: Work, first: int, count: int) -> float:
    """Cost of the cheapest closed walk that ends at each place; the least of all is returned."""
    least = np.inf
    for k in range(count):
        cost = places[first + k, UP]
        if work.back_order_room[k] > 0.0:
            cost = min(cost, -work.order_cost[k])
        work.end_cost[k] = work.distance[k] + cost
        least = min(least, work.end_cost[k])
    return least


@compiled
def _trace(work: Work, node: int, length: int, search: int) -> int:
    """Write the steps that lead to a node, from the hub or round a circle; −1 if one is taken.

    Walks found by one search may all be run when they share no node.
    """
    start = node
    while True:
        if work.taken[node] == search:
            return -1
        arc = work.parent[node]
        work.walk_kind[length] = arc if arc < 0 else work.kind[arc]
        work.walk_which[length] = node if arc < 0 else work.which[arc]
        length += 1
        if arc < 0:
            return length
        node = work.tail[arc]
        if node == start:
            return length


@compiled
def _take(work: Work, node: int, search: int) -> None:
    """Mark the nodes that lead to a node."""
    while work.taken[node] != search:
        work.taken[node] = search
        if work.parent[node] < 0:
            return
        node = work.tail[work.parent[node]]


@compiled
def _add_uses(
    work: Work, start: Integers, row: Integers, amount: Numbers, owner: int, sign: float, rows: int
) -> int:
    for use in range(start[owner], start[owner + 1]):
        slot = work.row_slot[row[use]]
        if slot < 0:
            slot = rows
            work.row_slot[row[use]] = slot
            work.walk_row[slot] = row[use]
            work.walk_amount[slot] = 0.0
            rows += 1
        work.walk_amount[slot] += sign * amount[use]
    return rows


@compiled
def _walk_uses(net: Net, work: Work, item: int, length: int) -> int:
    """What one unit along the walk takes of which rows; the number of rows."""
    rows = 0
    for step in range(length):
        kind, k = work.walk_kind[step], work.walk_which[step]
        if kind in (_SHIP, _UNSHIP):
            sign, owner = 1.0 if kind == _SHIP else -1.0, net.move_start[item] + k
            rows = _add_uses(
                work, net.move_use_start, net.move_use_row, net.move_use_amount, owner, sign, rows
            )
        elif kind in (_ORDER, _UNORDER):
            sign, owner = 1.0 if kind == _ORDER else -1.0, net.place_start[item] + k
            rows = _add_uses(
                work, net.order_use_start, net.order_use_row, net.order_use_amount, owner, sign, rows
            )
    for slot in range(rows):
        work.row_slot[work.walk_row[slot]] = -1
    return rows


@compiled
def _walk_room(
    net: Net, state: State, prices: RowPrices, work: Work, item: int, length: int, rows: int
) -> float:
    """Units that fit along the walk."""
    room, first, first_move = np.inf, net.place_start[item], net.move_start[item]
    for step in range(length):
        kind, k = work.walk_kind[step], work.walk_which[step]
        if kind == _SHIP:
            room = min(room, net.limit[first_move + k] - state.moved[first_move + k])
        elif kind == _UNSHIP:
            room = min(room, state.moved[first_move + k])
        elif kind == _ORDER:
            room = min(room, net.order_limit[first + k] - state.places[first + k, ORDERED])
        elif kind == _UNORDER:
            room = min(room, state.places[first + k, ORDERED])
        elif kind == _OPEN:
            room = min(room, net.spare[first + k] - state.places[first + k, OUTFLOW])
        elif kind == _CLOSE:
            room = min(room, state.places[first + k, OUTFLOW])
    for slot in range(rows):
        row, amount = work.walk_row[slot], work.walk_amount[slot]
        if amount > 1e-12 and prices.is_hard[row]:
            room = min(room, max(np.floor((prices.capacity[row] - state.use[row]) / amount + 1e-9), 0.0))
    return room


@compiled
def _lane_cost(net: Net, prices: RowPrices, work: Work, item: int, length: int, rows: int) -> float:
    """What a unit along the walk costs whatever its number: lanes, orders, rows at constant prices."""
    cost, first, first_move = 0.0, net.place_start[item], net.move_start[item]
    for step in range(length):
        kind, k = work.walk_kind[step], work.walk_which[step]
        if kind == _SHIP:
            cost += net.cost_factor * net.unit_cost[first_move + k]
        elif kind == _UNSHIP:
            cost -= net.cost_factor * net.unit_cost[first_move + k]
        elif kind == _ORDER:
            cost += net.order_cost[first + k]
        elif kind == _UNORDER:
            cost -= net.order_cost[first + k]
    for slot in range(rows):
        if prices.growth[work.walk_row[slot]] <= 0.0:
            cost += work.walk_amount[slot] * prices.now[work.walk_row[slot]]
    return cost


@compiled
def _unit_cost(
    curves: PlaceCurves,
    state: State,
    prices: RowPrices,
    work: Work,
    first: int,
    length: int,
    rows: int,
    unit: float,
) -> float:
    """What the unit-th unit along the walk costs beside the lanes; it never falls with the unit."""
    numbers = curves.numbers
    cost, places = 0.0, state.places
    for step in range(length):
        kind, place = work.walk_kind[step], first + work.walk_which[step]
        if kind == _STOCK:
            cost -= marginal(curves, place, places[place, POSITION] - unit)
        elif kind == _STORE:
            cost += marginal(curves, place, places[place, POSITION] + unit - 1.0)
        elif kind == _ARRIVE:
            cost += near_marginal(numbers, place, places[place, NEAR] + unit - 1.0)
        elif kind == _LEAVE:
            cost -= near_marginal(numbers, place, places[place, NEAR] - unit)
    for slot in range(rows):
        row, amount = work.walk_row[slot], work.walk_amount[slot]
        if prices.growth[row] > 0.0:
            use = state.use[row] + amount * (unit - 1.0)
            cost += _row_charge(prices, row, use + amount) - _row_charge(prices, row, use)
    return cost


@compiled
def _most_units(
    curves: PlaceCurves,
    state: State,
    prices: RowPrices,
    work: Work,
    first: int,
    length: int,
    rows: int,
    room: float,
    worth: float,
) -> float:
    """Most units of which the last one still costs less than `worth`: doubled, then halved between."""
    paying, reach = 0.0, 1.0
    while reach <= room and _unit_cost(curves, state, prices, work, first, length, rows, reach) < worth:
        paying = reach
        if reach == room:
            return paying
        reach = min(2.0 * reach, room)
    failing = min(reach, room + 1.0)
    while failing - paying > 1.0:
        middle = np.floor(0.5 * (paying + failing))
        if _unit_cost(curves, state, prices, work, first, length, rows, middle) < worth:
            paying = middle
        else:
            failing = middle
    return paying


@compiled
def _run_walk(
    net: Net, curves: PlaceCurves, state: State, work: Work, item: int, length: int, units: float
) -> None:
    """Send so many units along the walk and bring the marginals up to date."""
    numbers = curves.numbers
    first, first_move, places = net.place_start[item], net.move_start[item], state.places
    for step in range(length):
        kind, k = work.walk_kind[step], work.walk_which[step]
        sign = units
        if kind in (_UNSHIP, _CLOSE, _LEAVE, _UNORDER, _STOCK):
            sign = -units
        if kind in (_SHIP, _UNSHIP):
            state.moved[first_move + k] += sign
            work.move_room[k] -= sign
            work.back_room[k] += sign
        elif kind in (_OPEN, _CLOSE):
            places[first + k, OUTFLOW] += sign
        elif kind in (_ARRIVE, _LEAVE):
            places[first + k, NEAR] += sign
            _read_near(numbers, places, first + k)
        elif kind in (_ORDER, _UNORDER):
            places[first + k, ORDERED] += sign
            work.order_room[k] -= sign
            work.back_order_room[k] += sign
        else:
            places[first + k, POSITION] += sign
            _read_place(curves, places, first + k)


@compiled
def _use_rows(state: State, prices: RowPrices, work: Work, rows: int, units: float) -> float:
    """Bring use and prices of the walk's rows up to date; how far a unit's price has shifted."""
    shift = 0.0
    for slot in range(rows):
        row, amount = work.walk_row[slot], work.walk_amount[slot]
        state.use[row] += units * amount
        before = prices.now[row]
        prices.now[row] = row_price(prices, row, state.use[row])
        shift += abs((prices.now[row] - before) * amount)
    return shift


@compiled
def _try_walk(
    net: Net,
    curves: PlaceCurves,
    state: State,
    prices: RowPrices,
    work: Work,
    item: int,
    length: int,
    slack: float,
) -> tuple[float, float]:
    """Run the written walk as far as it pays; units sent, and the shift of prices."""
    rows = _walk_uses(net, work, item, length)
    room = _walk_room(net, state, prices, work, item, length, rows)
    worth = -slack - _lane_cost(net, prices, work, item, length, rows)
    first = net.place_start[item]
    units = _most_units(curves, state, prices, work, first, length, rows, room, worth)
    if units <= 0.0:
        return 0.0, 0.0
    _run_walk(net, curves, state, work, item, length, units)
    return units, _use_rows(state, prices, work, rows, units)


@compiled
def _run_walks(
    net: Net,
    curves: PlaceCurves,
    state: State,
    prices: RowPrices,
    work: Work,
    item: int,
    search: int,
    least: float,
    slack: float,
) -> tuple[int, float]:
    """Run the walks that a search has found, the cheapest first, as far as they share no node."""
    first = net.place_start[item]
    count = net.place_start[item + 1] - first
    walks, shift = 0, 0.0
    while least < -slack:
        end = 0
        for k in range(count):
            if work.end_cost[k] < work.end_cost[end]:
                end = k
        least = work.end_cost[end]
        if least >= -slack:
            break
        work.end_cost[end] = np.inf
        is_order = work.back_order_room[end] > 0.0 and -work.order_cost[end] < state.places[first + end, UP]
        work.walk_kind[0], work.walk_which[0] = _UNORDER if is_order else _STORE, end
        length = _trace(work, end, 1, search)
        if length > 0:
            units, moved = _try_walk(net, curves, state, prices, work, item, length, slack)
            if units > 0.0:
                _take(work, end, search)
                walks += 1
                shift += moved
    return walks, shift


@compiled
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
    dearest = _price_moves(net, state, prices, work, item, mode == LIMITED)
    _price_orders(net, state, prices, work, item, mode == LIMITED)
    unit = _dearest_unit(curves.numbers, state.places, first, count)
    slack = _TOLERANCE * unit + 1e-14 * dearest
    walks, search, shift = 0, 0, 0.0
    work.taken[: 3 * count] = 0
    while True:
        if (mode == LIMITED and walks > 0) or shift > _STALE * unit:
            _price_moves(net, state, prices, work, item, mode == LIMITED)
            _price_orders(net, state, prices, work, item, mode == LIMITED)
            shift = 0.0
        arcs = _residual_arcs(net, curves.numbers, state, work, item)
        _leave_hub(state.places, work, first, count)
        node = _search(work, count, arcs, 0.01 * slack)
        search += 1
        if node >= 0:
            length = _trace(work, node, 0, search)
            units, moved = _try_walk(net, curves, state, prices, work, item, length, slack)
            found = 1 if units > 0.0 else 0
        else:
            least = _end_costs(state.places, work, first, count)
            if least >= -slack:
                return walks
            found, moved = _run_walks(net, curves, state, prices, work, item, search, least, slack)
        if found == 0 and shift == 0.0:
            return walks
        shift = np.inf if found == 0 else shift + moved
        walks += found
        if walks >= most_walks:
            return -1
