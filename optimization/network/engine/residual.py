"""What one more unit could do within an item: the residual network, and its cheapest walks.

Nodes are Y = k (position of the item's k-th place), O = n + k (its outflow) and A = 2n + k (its
arrivals); the hub is outside. Distances from the hub are the values of a unit.
"""

from __future__ import annotations

import numpy as np

from optimization.network.engine.arrays import (
    DOWN,
    NEAR_DOWN,
    NEAR_UP,
    OUTFLOW,
    UP,
    Net,
    State,
    Work,
)
from optimization.network.engine.compiled import ZERO, constant, inner
from optimization.network.engine.marginals import NEAR_SHORTAGE
from optimization.network.problem import Integers, Numbers

# Steps of a walk, as numbers that are no literals, or every one would be compiled for itself.
# The first two leave the hub, the last two go back to it.
STOCK, ORDER = constant(-2), constant(-1)  # take the last unit of a position; one more from the supplier
SHIP, UNSHIP = constant(2), constant(3)  # one more on a move; one less
OPEN, CLOSE = constant(4), constant(5)  # A → O within what is spare; back
ARRIVE, LEAVE = constant(6), constant(7)  # A → Y along the near curve; back
STORE, UNORDER = constant(8), constant(9)  # one more to the position; one less from the supplier

NOWHERE, AT_ITS_END = constant(0), constant(1)
"""Steps of a walk already written when it is traced back: none of a circle, the last of others."""


@inner
def _add_arc(work: Work, arcs: int, tail: int, head: int, kind: int, which: int, cost: float) -> int:
    work.tail[arcs], work.head[arcs] = tail, head
    work.kind[arcs], work.which[arcs], work.cost[arcs] = kind, which, cost
    return arcs + 1


@inner
def residual_arcs(net: Net, numbers: Numbers, state: State, work: Work, item: int) -> int:
    """Write what one more unit could do: arcs between nodes Y = k, O = n + k, A = 2n + k; their number."""
    first, move, arcs = net.place_start[item], net.move_start[item], ZERO
    count, first_move, last_move = net.place_start[item + 1] - first, move, net.move_start[item + 1]
    places, source, target = state.places, net.source, net.target
    rooms, backs, costs = work.move_room, work.back_room, work.move_cost
    for k in range(count):
        place, arrival = first + k, k
        if numbers[place, NEAR_SHORTAGE] > 0.0:
            arrival = 2 * count + k
            arcs = _add_arc(work, arcs, k, arrival, LEAVE, k, -places[place, NEAR_DOWN])
            arcs = _add_arc(work, arcs, arrival, k, ARRIVE, k, places[place, NEAR_UP])
        if places[place, OUTFLOW] < net.spare[place]:
            arcs = _add_arc(work, arcs, arrival, count + k, OPEN, k, 0.0)
        if places[place, OUTFLOW] > 0.0:
            arcs = _add_arc(work, arcs, count + k, arrival, CLOSE, k, 0.0)
        while move < last_move and source[move] == place:
            head, m = target[move] - first, move - first_move
            if numbers[target[move], NEAR_SHORTAGE] > 0.0:
                head += 2 * count
            if rooms[m] > 0.0:
                arcs = _add_arc(work, arcs, count + k, head, SHIP, m, costs[m])
            if backs[m] > 0.0:
                arcs = _add_arc(work, arcs, head, count + k, UNSHIP, m, -costs[m])
            move += 1
    return arcs


@inner
def leave_hub(places: Numbers, work: Work, first: int, count: int) -> None:
    """Distances of one step: the last unit of each position, or one more from the supplier."""
    distance, parent = work.distance, work.parent
    for k in range(count):
        distance[k], parent[k] = -places[first + k, DOWN], STOCK
        if work.order_room[k] > 0.0 and work.order_cost[k] < distance[k]:
            distance[k], parent[k] = work.order_cost[k], ORDER
        distance[count + k] = np.inf
        distance[2 * count + k] = np.inf
        parent[count + k] = STOCK
        parent[2 * count + k] = STOCK


@inner
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


@inner
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


@inner
def search(work: Work, count: int, arcs: int, slack: float) -> int:
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


@inner
def end_costs(places: Numbers, work: Work, first: int, count: int) -> float:
    """Cost of the cheapest closed walk that ends at each place; the least of all is returned."""
    least = np.inf
    for k in range(count):
        cost = places[first + k, UP]
        if work.back_order_room[k] > 0.0:
            cost = min(cost, -work.order_cost[k])
        work.end_cost[k] = work.distance[k] + cost
        least = min(least, work.end_cost[k])
    return least


@inner
def trace(work: Work, node: int, length: int, number: int) -> int:
    """Write the steps that lead to a node, from the hub or round a circle; −1 if one is taken.

    Walks found by one search may all be run when they share no node.
    """
    start = node
    while True:
        if work.taken[node] == number:
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


@inner
def take(work: Work, node: int, number: int) -> None:
    """Mark the nodes that lead to a node."""
    while work.taken[node] != number:
        work.taken[node] = number
        if work.parent[node] < 0:
            return
        node = work.tail[work.parent[node]]
