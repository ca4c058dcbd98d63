"""Walks run as far as they pay: what a walk takes of the rows, its room, its next unit's cost."""

from __future__ import annotations

import numpy as np

from optimization.network.engine.arrays import (
    NEAR,
    ORDERED,
    OUTFLOW,
    POSITION,
    UP,
    Net,
    RowPrices,
    State,
    Work,
)
from optimization.network.engine.compiled import ZERO, inner
from optimization.network.engine.marginals import PlaceCurves, marginal, near_marginal, read_near, read_place
from optimization.network.engine.residual import (
    ARRIVE,
    AT_ITS_END,
    CLOSE,
    LEAVE,
    OPEN,
    ORDER,
    SHIP,
    STOCK,
    STORE,
    UNORDER,
    UNSHIP,
    take,
    trace,
)
from optimization.network.engine.row_pricing import row_charge, row_price
from optimization.network.problem import Integers, Numbers


@inner
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


@inner
def _walk_uses(net: Net, work: Work, item: int, length: int) -> int:
    """What one unit along the walk takes of which rows; the number of rows."""
    rows = ZERO
    for step in range(length):
        kind, k = work.walk_kind[step], work.walk_which[step]
        if kind in (SHIP, UNSHIP):
            sign, owner = 1.0 if kind == SHIP else -1.0, net.move_start[item] + k
            rows = _add_uses(
                work, net.move_use_start, net.move_use_row, net.move_use_amount, owner, sign, rows
            )
        elif kind in (ORDER, UNORDER):
            sign, owner = 1.0 if kind == ORDER else -1.0, net.place_start[item] + k
            rows = _add_uses(
                work, net.order_use_start, net.order_use_row, net.order_use_amount, owner, sign, rows
            )
    for slot in range(rows):
        work.row_slot[work.walk_row[slot]] = -1
    return rows


@inner
def _walk_room(
    net: Net, state: State, prices: RowPrices, work: Work, item: int, length: int, rows: int
) -> float:
    """Units that fit along the walk."""
    room, first, first_move = np.inf, net.place_start[item], net.move_start[item]
    for step in range(length):
        kind, k = work.walk_kind[step], work.walk_which[step]
        if kind == SHIP:
            room = min(room, net.limit[first_move + k] - state.moved[first_move + k])
        elif kind == UNSHIP:
            room = min(room, state.moved[first_move + k])
        elif kind == ORDER:
            room = min(room, net.order_limit[first + k] - state.places[first + k, ORDERED])
        elif kind == UNORDER:
            room = min(room, state.places[first + k, ORDERED])
        elif kind == OPEN:
            room = min(room, net.spare[first + k] - state.places[first + k, OUTFLOW])
        elif kind == CLOSE:
            room = min(room, state.places[first + k, OUTFLOW])
    for slot in range(rows):
        row, amount = work.walk_row[slot], work.walk_amount[slot]
        if amount > 1e-12 and prices.is_hard[row]:
            room = min(room, max(np.floor((prices.capacity[row] - state.use[row]) / amount + 1e-9), 0.0))
    return room


@inner
def _lane_cost(net: Net, prices: RowPrices, work: Work, item: int, length: int, rows: int) -> float:
    """What a unit along the walk costs whatever its number: lanes, orders, rows at constant prices."""
    cost, first, first_move = 0.0, net.place_start[item], net.move_start[item]
    for step in range(length):
        kind, k = work.walk_kind[step], work.walk_which[step]
        if kind == SHIP:
            cost += net.cost_factor * net.unit_cost[first_move + k]
        elif kind == UNSHIP:
            cost -= net.cost_factor * net.unit_cost[first_move + k]
        elif kind == ORDER:
            cost += net.order_cost[first + k]
        elif kind == UNORDER:
            cost -= net.order_cost[first + k]
    for slot in range(rows):
        if prices.growth[work.walk_row[slot]] <= 0.0:
            cost += work.walk_amount[slot] * prices.now[work.walk_row[slot]]
    return cost


@inner
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
        if kind == STOCK:
            cost -= marginal(curves, place, places[place, POSITION] - unit)
        elif kind == STORE:
            cost += marginal(curves, place, places[place, POSITION] + unit - 1.0)
        elif kind == ARRIVE:
            cost += near_marginal(numbers, place, places[place, NEAR] + unit - 1.0)
        elif kind == LEAVE:
            cost -= near_marginal(numbers, place, places[place, NEAR] - unit)
    for slot in range(rows):
        row, amount = work.walk_row[slot], work.walk_amount[slot]
        if prices.growth[row] > 0.0:
            use = state.use[row] + amount * (unit - 1.0)
            cost += row_charge(prices, row, use + amount) - row_charge(prices, row, use)
    return cost


@inner
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


@inner
def _run_walk(
    net: Net, curves: PlaceCurves, state: State, work: Work, item: int, length: int, units: float
) -> None:
    """Send so many units along the walk and bring the marginals up to date."""
    numbers = curves.numbers
    first, first_move, places = net.place_start[item], net.move_start[item], state.places
    for step in range(length):
        kind, k = work.walk_kind[step], work.walk_which[step]
        sign = units
        if kind in (UNSHIP, CLOSE, LEAVE, UNORDER, STOCK):
            sign = -units
        if kind in (SHIP, UNSHIP):
            state.moved[first_move + k] += sign
            work.move_room[k] -= sign
            work.back_room[k] += sign
        elif kind in (OPEN, CLOSE):
            places[first + k, OUTFLOW] += sign
        elif kind in (ARRIVE, LEAVE):
            places[first + k, NEAR] += sign
            read_near(numbers, places, first + k)
        elif kind in (ORDER, UNORDER):
            places[first + k, ORDERED] += sign
            work.order_room[k] -= sign
            work.back_order_room[k] += sign
        else:
            places[first + k, POSITION] += sign
            read_place(curves, places, first + k)


@inner
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


@inner
def try_walk(
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


@inner
def run_walks(
    net: Net,
    curves: PlaceCurves,
    state: State,
    prices: RowPrices,
    work: Work,
    item: int,
    number: int,
    least: float,
    slack: float,
) -> tuple[int, float]:
    """Run the walks that a search has found, the cheapest first, as far as they share no node."""
    first = net.place_start[item]
    count = net.place_start[item + 1] - first
    walks, shift = 0, 0.0
    while least < -slack:
        end = ZERO
        for k in range(count):
            if work.end_cost[k] < work.end_cost[end]:
                end = k
        least = work.end_cost[end]
        if least >= -slack:
            break
        work.end_cost[end] = np.inf
        is_order = work.back_order_room[end] > 0.0 and -work.order_cost[end] < state.places[first + end, UP]
        work.walk_kind[0], work.walk_which[0] = UNORDER if is_order else STORE, end
        length = trace(work, end, AT_ITS_END, number)
        if length > 0:
            units, moved = try_walk(net, curves, state, prices, work, item, length, slack)
            if units > 0.0:
                take(work, end, number)
                walks += 1
                shift += moved
    return walks, shift
