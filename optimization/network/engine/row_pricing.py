"""What coupling rows charge an item, and what room they leave it.

Prices of rows at their present use, and with them the cost and room of one more unit of every move and
order of an item.
"""

from __future__ import annotations

import numpy as np

from optimization.network.engine.arrays import ORDERED, Net, RowPrices, State, Work
from optimization.network.engine.compiled import inner
from optimization.network.problem import Integers, Numbers


@inner
def row_price(prices: RowPrices, row: int, use: float) -> float:
    """Price of one more unit of a row: λ + ρ·(use − capacity), between 0 and the price of slack."""
    price = prices.price[row] + prices.growth[row] * (use - prices.capacity[row])
    return float(min(max(price, 0.0), prices.slack_price[row]))


@inner
def price_rows(prices: RowPrices, state: State) -> None:
    """Prices at the present use."""
    for row in range(len(prices.now)):
        prices.now[row] = row_price(prices, row, state.use[row])


@inner
def row_charge(prices: RowPrices, row: int, use: float) -> float:
    """The price summed up to this use: what the augmented Lagrangian charges, up to a constant."""
    growth, top, over = prices.growth[row], prices.slack_price[row], use - prices.capacity[row]
    start, end = -prices.price[row] / growth, (top - prices.price[row]) / growth
    if over <= start:
        return 0.0
    if over >= end:
        return float(0.5 * top * (end - start) + top * (over - end))
    return float(0.5 * growth * (over - start) * (over - start))


@inner
def _charge(start: Integers, rows: Integers, amounts: Numbers, now: Numbers, owner: int) -> float:
    """What the rows' prices add to one unit of a move or an order."""
    cost = 0.0
    for use in range(start[owner], start[owner + 1]):
        cost += now[rows[use]] * amounts[use]
    return cost


@inner
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


@inner
def price_moves(net: Net, state: State, prices: RowPrices, work: Work, item: int, is_limited: bool) -> float:
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


@inner
def price_orders(net: Net, state: State, prices: RowPrices, work: Work, item: int, is_limited: bool) -> None:
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
