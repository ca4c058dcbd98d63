"""Loops over items, compiled: improve each in turn, and read the values that prove the bound."""

from __future__ import annotations

import numpy as np

from optimization.network.engine.arrays import DOWN, ORDERED, UP, Net, RowPrices, State, Work
from optimization.network.engine.compiled import compiled, inner
from optimization.network.engine.item_solver import solve_item
from optimization.network.engine.marginals import NEAR_SHORTAGE, PlaceCurves
from optimization.network.engine.row_pricing import price_rows
from optimization.network.problem import Flags, Integers, Numbers

NO_VALUES = np.zeros(0)
"""Where a sweep is not asked what a unit is worth."""


@compiled
def sweep(
    net: Net,
    curves: PlaceCurves,
    state: State,
    prices: RowPrices,
    work: Work,
    items: Integers,
    mode: int,
    most_walks: int,
    place_value: Numbers,
    near_value: Numbers,
) -> tuple[int, int, int]:
    """Improve these items in this order; items changed, walks run, items that met the limit of walks.

    What a unit is worth, in position and on arrival, is written to `place_value` and `near_value` (n)
    unless they are empty.
    """
    price_rows(prices, state)
    changed, walks, unfinished = 0, 0, 0
    for item in items:
        done = solve_item(net, curves, state, prices, work, item, mode, most_walks)
        if done < 0:
            unfinished += 1
            done = most_walks
        walks += done
        changed += done > 0
        if len(place_value) > 0:
            _read_values(net, curves.numbers, work, item, place_value, near_value)
    return changed, walks, unfinished


@inner
def _read_values(
    net: Net, numbers: Numbers, work: Work, item: int, place_value: Numbers, near_value: Numbers
) -> None:
    first = net.place_start[item]
    count = net.place_start[item + 1] - first
    for k in range(count):
        place_value[first + k] = near_value[first + k] = work.distance[k]
        if numbers[first + k, NEAR_SHORTAGE] > 0.0:
            near_value[first + k] = work.distance[2 * count + k]


@compiled
def items_on_rows(net: Net, state: State, is_marked: Flags) -> Flags:
    """Which items use a marked row by what they move or order, or could free it."""
    found = np.zeros(len(net.place_start) - 1, dtype=np.bool_)
    for item in range(len(found)):
        for move in range(net.move_start[item], net.move_start[item + 1]):
            for use in range(net.move_use_start[move], net.move_use_start[move + 1]):
                frees = net.move_use_amount[use] < 0.0 or state.moved[move] > 0.0
                found[item] |= frees and is_marked[net.move_use_row[use]]
        for place in range(net.place_start[item], net.place_start[item + 1]):
            if state.places[place, ORDERED] > 0.0:
                for use in range(net.order_use_start[place], net.order_use_start[place + 1]):
                    found[item] |= is_marked[net.order_use_row[use]]
    return found


@compiled
def count_use(net: Net, state: State, base_use: Numbers) -> None:
    """Sum every row's use afresh, so that rounding does not add up from sweep to sweep."""
    for row in range(len(base_use)):
        state.use[row] = base_use[row]
    for move in range(len(state.moved)):
        if state.moved[move] > 0.0:
            for use in range(net.move_use_start[move], net.move_use_start[move + 1]):
                state.use[net.move_use_row[use]] += net.move_use_amount[use] * state.moved[move]
    for place in range(len(state.places)):
        if state.places[place, ORDERED] > 0.0:
            for use in range(net.order_use_start[place], net.order_use_start[place + 1]):
                state.use[net.order_use_row[use]] += net.order_use_amount[use] * state.places[place, ORDERED]


@compiled
def size_rows(net: Net, state: State, rows: int) -> tuple[Numbers, Numbers]:
    """By row: what a unit of it wins on average where a first unit wins at all, and its mean amount."""
    won, winners, taken, users = np.zeros(rows), np.zeros(rows), np.zeros(rows), np.zeros(rows)
    places = state.places
    for move in range(len(net.source)):
        wins = places[net.source[move], DOWN] - places[net.target[move], UP]
        wins -= net.cost_factor * net.unit_cost[move]
        for use in range(net.move_use_start[move], net.move_use_start[move + 1]):
            row, amount = net.move_use_row[use], net.move_use_amount[use]
            taken[row] += abs(amount)
            users[row] += 1.0
            if wins > 0.0 and amount > 0.0:
                won[row] += wins / amount
                winners[row] += 1.0
    for place in range(len(places)):
        wins = -places[place, UP] - net.order_cost[place]
        for use in range(net.order_use_start[place], net.order_use_start[place + 1]):
            row, amount = net.order_use_row[use], net.order_use_amount[use]
            taken[row] += abs(amount)
            users[row] += 1.0
            if wins > 0.0 and amount > 0.0 and net.order_limit[place] > 0.0:
                won[row] += wins / amount
                winners[row] += 1.0
    return won / np.maximum(winners, 1.0), taken / np.maximum(users, 1.0)
