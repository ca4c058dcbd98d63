"""The best quantities of single items at prices of the coupling rows, where lots, minima or charges bind.

Branch and bound over allowed quantities. A node is an item whose quantities lie between bounds; its
relaxation has every whole unit and spreads a charge over the largest quantity, so it is a convex
network problem that the item engine solves exactly. The nodes of many items are solved in one call.
How items fit together into the coupling rows is in `lots`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from optimization.network.lattice import Lattice, as_plan, between, ceiling_to, floor_to
from optimization.network.lots.cartons import NONE, Cartons, in_cartons
from optimization.network.lots.priced import place_costs, use_price
from optimization.network.lots.reach import useful_most
from optimization.network.problem import Integers, Numbers, Plan, Problem
from optimization.network.subsets import ItemIndex, Subset, of_items

Relaxed = Callable[[Problem, Numbers], Plan]
"""Best whole-unit plan of every item of a problem at row prices (j), without lots and charges."""

_EXACT = 1e-9
# Rows of node data in one call of the engine; more would only cost memory.
_NODES_AT_ONCE = 2_000


@dataclass(frozen=True)
class Choice:
    """One feasible way to serve an item.

    quantity: of its own moves, then of its own places. cost, priced_cost: without and with the prices
    of the rows, money.
    """

    quantity: Numbers
    cost: float
    priced_cost: float


@dataclass
class ItemSearch:
    """What is known of one item: choices, cheapest first, and a bound on its priced cost."""

    bound: float = -np.inf
    nodes: int = 0
    choices: list[Choice] = field(default_factory=list)
    _seen: set[bytes] = field(default_factory=set)

    @property
    def best(self) -> float:
        """Priced cost of the best choice so far."""
        return self.choices[0].priced_cost if self.choices else np.inf

    def add(self, choice: Choice, most: int) -> None:
        """Keep a choice when it is new and among the `most` cheapest."""
        key = choice.quantity.tobytes()
        if key in self._seen:
            return
        if len(self.choices) < most or choice.priced_cost < self.choices[-1].priced_cost:
            self._seen.add(key)
            self.choices.append(choice)
            self.choices.sort(key=lambda each: each.priced_cost)
            del self.choices[most:]


@dataclass(frozen=True)
class SearchLimits:
    """When an item is good enough: `tolerance` money of gap, `most_nodes` per item, `most_choices` kept."""

    tolerance: float
    most_nodes: int = 200
    most_choices: int = 6


@dataclass(frozen=True)
class _Task:
    """What every round of a search reads: the problem in units and in cartons, and how to solve it."""

    problem: Problem
    index: ItemIndex
    lattice: Lattice
    cartons: Cartons
    carton_index: ItemIndex
    row_price: Numbers
    relaxed: Relaxed
    limits: SearchLimits


def search(problem: Problem, row_price: Numbers, relaxed: Relaxed, limits: SearchLimits) -> list[ItemSearch]:
    """Search every item of a problem; the bound is valid however early the search ends."""
    index, lattice = ItemIndex.of(problem), Lattice.of(problem)
    cartons = in_cartons(problem, lattice)
    task = _Task(problem, index, lattice, cartons, ItemIndex.of(cartons.problem), row_price, relaxed, limits)
    price = lattice.cost + use_price(problem, row_price)
    high = np.minimum(lattice.most, useful_most(problem, lattice, price))
    m = len(problem.moves)
    found = [ItemSearch() for _ in range(problem.item_count)]
    # A node: bound of its parent, serial number that breaks ties, lower and upper quantities.
    queues: list[list[tuple[float, int, Numbers, Numbers]]] = []
    for item in range(problem.item_count):
        own = own_quantities(index, item, m)
        queues.append([(-np.inf, 0, np.zeros(len(own)), high[own])])
    serial = 1
    while True:
        nodes = []
        for item, (queue, state) in enumerate(zip(queues, found, strict=True)):
            state.bound = max(state.bound, min(queue[0][0], state.best) if queue else state.best)
            if queue and state.best - state.bound > limits.tolerance and state.nodes < limits.most_nodes:
                nodes.append((item, heapq.heappop(queue)))
        if not nodes:
            return found
        for first in range(0, len(nodes), _NODES_AT_ONCE):
            part = nodes[first : first + _NODES_AT_ONCE]
            for item, children in _branch(task, part, found):
                for bound, low, top in children:
                    heapq.heappush(queues[item], (bound, serial, low, top))
                    serial += 1


def own_quantities(index: ItemIndex, item: int, m: int) -> Integers:
    """An item's quantities among all m + n: its moves, then its places."""
    return np.concatenate(
        [
            np.arange(index.moves[item], index.moves[item + 1]),
            m + np.arange(index.places[item], index.places[item + 1]),
        ]
    )


_Node = tuple[int, tuple[float, int, Numbers, Numbers]]
_Child = tuple[float, Numbers, Numbers]


def _branch(task: _Task, nodes: list[_Node], found: list[ItemSearch]) -> list[tuple[int, list[_Child]]]:
    """Solve the relaxations of these nodes; note choices and bounds, hand back the children."""
    problem, index, lattice, row_price = task.problem, task.index, task.lattice, task.row_price
    items = np.array([item for item, _ in nodes], dtype=np.int64)
    whole = of_items(problem, index, items)
    part = whole.problem
    own_moves, own_places = np.diff(index.moves)[items], np.diff(index.places)[items]
    low = _laid_out([node[2] for _, node in nodes], own_moves)
    high = _laid_out([node[3] for _, node in nodes], own_moves)
    at = np.concatenate([whole.moves, len(problem.moves) + whole.places])
    least, step = lattice.least[at], lattice.step[at]
    cost, charge = lattice.cost[at], lattice.charge[at]
    is_open = low > 0
    spread = np.where(is_open | (high <= 0), 0.0, charge / np.maximum(high, 1.0))
    node_of = np.concatenate(
        [np.repeat(np.arange(len(nodes)), own_moves), np.repeat(np.arange(len(nodes)), own_places)]
    )

    quantity = low + _solved(task, items, whole, low, high, cost + spread)
    taken_price = use_price(part, row_price)

    def summed(values: Numbers) -> Numbers:
        return np.bincount(node_of, weights=values, minlength=len(nodes)).astype(np.float64)

    def at_places(each: Numbers) -> Numbers:
        by_place = place_costs(part, as_plan(part, each))
        return np.bincount(part.places.item, weights=by_place, minlength=len(nodes)).astype(np.float64)

    bound = at_places(quantity) + summed(
        (cost + spread + taken_price) * quantity + np.where(is_open, charge, 0.0)
    )
    down, up = floor_to(quantity, least, step), ceiling_to(quantity, least, step)
    for rounded in (_nearest(part, quantity, down, up, high), down):
        real = at_places(rounded) + summed(cost * rounded + charge * (rounded > 0))
        priced = real + summed(taken_price * rounded)
        pieces = _by_node(rounded, own_moves, own_places)
        for node, (item, _) in enumerate(nodes):
            choice = Choice(pieces[node], float(real[node]), float(priced[node]))
            found[item].add(choice, task.limits.most_choices)

    # What a quantity is away from being allowed, in money or units: the largest is branched on.
    unpaid = np.where((quantity > 0) & ~is_open, charge - spread * quantity, 0.0)
    off = np.minimum(quantity - down, up - quantity) * _unit_worth(part)
    score = np.maximum(unpaid, 0.0) + np.maximum(off, 0.0)
    scores, lows, highs = (_by_node(each, own_moves, own_places) for each in (score, low, high))
    downs, ups = (_by_node(each, own_moves, own_places) for each in (down, up))
    children: list[tuple[int, list[_Child]]] = []
    for node, (item, _) in enumerate(nodes):
        found[item].nodes += 1
        worst = int(np.argmax(scores[node]))
        if scores[node][worst] <= _EXACT:
            continue
        below, above = float(downs[node][worst]), float(ups[node][worst])
        if below == above:
            # Allowed as it stands, but its charge is not paid in full: without it, or at least this.
            below, above = 0.0, float(least[_position(node, worst, own_moves, own_places)])
        lower, upper = highs[node].copy(), lows[node].copy()
        lower[worst], upper[worst] = below, above
        made = [(float(bound[node]), lows[node], lower)]
        if above <= highs[node][worst] and _fits(problem, index, item, upper):
            made.append((float(bound[node]), upper, highs[node]))
        children.append((item, made))
    return children


def _position(node: int, quantity: int, own_moves: Integers, own_places: Integers) -> int:
    """Where a node's quantity stands among all moves, then all places."""
    if quantity < own_moves[node]:
        return int(own_moves[:node].sum()) + quantity
    return int(own_moves.sum() + own_places[:node].sum()) + quantity - int(own_moves[node])


def _laid_out(quantities: list[Numbers], own_moves: Integers) -> Numbers:
    moves = [each[:own] for each, own in zip(quantities, own_moves, strict=True)]
    places = [each[own:] for each, own in zip(quantities, own_moves, strict=True)]
    return np.concatenate(moves + places)


def _by_node(values: Numbers, own_moves: Integers, own_places: Integers) -> list[Numbers]:
    m = int(own_moves.sum())
    moves = np.split(values[:m], np.cumsum(own_moves)[:-1])
    places = np.split(values[m:], np.cumsum(own_places)[:-1])
    return [np.concatenate(pair) for pair in zip(moves, places, strict=True)]


def _solved(
    task: _Task, items: Integers, whole: Subset, low: Numbers, high: Numbers, cost: Numbers
) -> Numbers:
    """Best quantities beyond `low`, up to `high`, in whole cartons at `cost` a unit."""
    cartons, index = task.cartons, task.index
    part = of_items(cartons.problem, task.carton_index, items)
    m = len(whole.moves)
    # Where each move and place in cartons stands among the quantities in units.
    copy_of_move = part.problem.places.item[part.problem.moves.source]
    first_move = np.searchsorted(whole.problem.places.item[whole.problem.moves.source], np.arange(len(items)))
    first_place = np.searchsorted(whole.problem.places.item, np.arange(len(items)))
    copy_of_place = part.problem.places.item
    own_move, own_place = cartons.move[part.moves], cartons.place[part.places]
    at = np.concatenate(
        [
            own_move - index.moves[items][copy_of_move] + first_move[copy_of_move],
            own_place - index.places[items][copy_of_place] + first_place[copy_of_place] + m,
        ]
    )
    is_own = np.concatenate([own_move, own_place]) != NONE
    at = np.where(is_own, at, 0)
    own = part.problem
    unit = np.concatenate(
        [task.cartons.unit[whole.moves], task.cartons.unit[len(task.problem.moves) + whole.places]]
    )
    limit = np.concatenate([own.moves.limit, own.places.order_limit])
    price = np.concatenate([own.moves.unit_cost * own.dead_band_factor, own.places.order_cost])
    answer = task.relaxed(
        between(
            own,
            np.where(is_own, (low / unit)[at], 0.0),
            np.where(is_own, (high / unit)[at], limit),
            np.where(is_own, (cost * unit)[at], price),
        ),
        task.row_price,
    )
    quantity = np.zeros(len(low))
    quantity[at[is_own]] = np.concatenate([answer.moved, answer.ordered])[is_own]
    return np.asarray(quantity * unit)


def _nearest(part: Problem, quantity: Numbers, down: Numbers, up: Numbers, high: Numbers) -> Numbers:
    """The nearest allowed quantities; a source that would give too much rounds down."""
    m = len(part.moves)
    nearest = np.where((quantity - down <= up - quantity) | (up > high), down, up)
    given = np.bincount(part.moves.source, weights=nearest[:m], minlength=len(part.places))
    over = (given > part.places.spare + _EXACT)[part.moves.source]
    nearest[:m] = np.where(over, down[:m], nearest[:m])
    return nearest


def _fits(problem: Problem, index: ItemIndex, item: int, low: Numbers) -> bool:
    """Whether every source of an item can spare what a node makes it give."""
    moves = slice(int(index.moves[item]), int(index.moves[item + 1]))
    places = slice(int(index.places[item]), int(index.places[item + 1]))
    source = problem.moves.source[moves] - places.start
    given = np.bincount(source, weights=low[: len(source)], minlength=places.stop - places.start)
    return bool((given <= problem.places.spare[places] + _EXACT).all())


def _unit_worth(part: Problem) -> Numbers:
    """A rough worth of one unit by quantity, to compare it with a charge: the target's shortage cost."""
    worth = np.zeros(len(part.places))
    np.maximum.at(worth, part.curves.place, part.curves.shortage_cost)
    worth = np.maximum(worth, part.places.level_price)
    return 0.1 * np.concatenate([worth[part.moves.target], worth])
