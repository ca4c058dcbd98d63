"""Lots, minima and fixed charges at prices of the coupling rows, and how such items fit together again.

The relaxed problem has every item in its carton and its charges spread, so that an engine can solve it;
its prices and its bound hold for the real one. Items that are still coarse in cartons are searched one by
one at these prices (`lot_search`), one choice of each is selected into the rows (`selection`), and the
other items are solved again in what room is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import sparse

from optimization.network.costs import plan_cost, row_use
from optimization.network.lattice import Lattice, as_plan, quantities, spread
from optimization.network.lots.cartons import NONE, Cartons, in_cartons
from optimization.network.lots.priced import place_costs, use_of
from optimization.network.lots.search import Choice, ItemSearch, SearchLimits, own_quantities, search
from optimization.network.lots.selection import Choices, select
from optimization.network.outcomes import outcome
from optimization.network.problem import Integers, Numbers, Outcome, Plan, Problem, Proof
from optimization.network.proof.certificate import certified_bound
from optimization.network.subsets import ItemIndex, of_items
from optimization.network.whole import whole_plan
from optimization.parameters import NetworkParameters
from optimization.results import Mapper

Engine = Callable[[Problem, Numbers | None], Outcome]
"""Solves a problem without lots; may start from prices of the rows (j)."""

# Gap of an item that is good enough, as a share of the mean item's cost; and nodes for one item.
_ITEM_GAP, _ITEM_NODES = 0.001, 150
_ITEMS_PER_CHUNK = 250
# Prices of the relaxed problem, then those of the choices; more turns where few items leave a gap.
_ROUNDS, _MOST_ROUNDS = 2, 5
# A larger gap than this is worth more turns, and of a small problem a search around the plan.
_LARGE_GAP = 0.005


@dataclass(frozen=True)
class Relaxation:
    """A problem that an engine can solve, whose bound holds for the real one; items keep their number."""

    problem: Problem
    cartons: Cartons
    coarse: Integers

    @classmethod
    def of(cls, problem: Problem) -> Relaxation:
        """Restate in cartons and spread what charges are left over the largest quantity."""
        cartons = in_cartons(problem, Lattice.of(problem))
        own = cartons.problem
        item = np.concatenate([own.places.item[own.moves.source], own.places.item])
        return cls(spread(own), cartons, np.unique(item[Lattice.of(own).is_coarse]))

    def in_units(self, problem: Problem, plan: Plan) -> Plan:
        """A plan of the relaxed problem as one of the problem in units."""
        m = len(problem.moves)
        quantity = np.zeros(m + len(problem.places))
        for answer, own, first in ((plan.moved, self.cartons.move, 0), (plan.ordered, self.cartons.place, m)):
            is_own = own != NONE
            quantity[first + own[is_own]] = answer[is_own]
        return as_plan(problem, quantity * self.cartons.unit)

    def values_in_units(self, problem: Problem, proof: Proof) -> Proof:
        """The proof's values by place of the problem in units, per unit."""
        unit = self.cartons.unit[len(problem.moves) :]
        is_own = self.cartons.place != NONE
        values = []
        for value in (proof.place_value, proof.near_value):
            own = np.zeros(len(problem.places))
            own[self.cartons.place[is_own]] = value[is_own]
            values.append(own / unit)
        return replace(proof, place_value=values[0], near_value=values[1])


def settle(problem: Problem, engine: Engine, parameters: NetworkParameters, mapper: Mapper) -> Outcome:
    """A plan that keeps lots, minima and charges, and the proof of a bound on every such plan.

    The bound is the relaxed problem's, raised by what the search proved of the coarse items.
    """
    relaxation = Relaxation.of(problem)
    relaxed = engine(relaxation.problem, None)
    proof, plan = relaxed.proof, relaxation.in_units(problem, relaxed.plan)
    coarse = relaxation.coarse
    if not len(coarse):
        return outcome(problem, plan, relaxation.values_in_units(problem, proof), relaxed.engine)
    own = of_items(problem, ItemIndex.of(problem), coarse)
    scale = abs(relaxed.objective) / max(problem.item_count, 1)
    best_plan, best_cost, best_proof = plan, np.inf, proof
    choices = _nothing(own.problem)
    price = proof.row_price
    for turn in range(_MOST_ROUNDS):
        if turn:
            proof = _proof_at(relaxation.problem, price, parameters, mapper)
        found = _searched(own.problem, price, SearchLimits(_ITEM_GAP * scale, _ITEM_NODES), mapper)
        certificate = certified_bound(relaxation.problem, proof)
        by_item = certificate.by_item.copy()
        by_item[coarse] = np.maximum(by_item[coarse], [each.bound for each in found])
        proof = replace(proof, bound=float(by_item.sum()) + certificate.rows)
        if proof.bound > best_proof.bound or turn == 0:
            best_proof = proof
        for known, each in zip(choices, found, strict=True):
            known.extend(each.choices)
        plan, price = _fitted(problem, relaxation, choices, plan, engine, price)
        cost = plan_cost(problem, plan).objective
        if cost < best_cost:
            best_plan, best_cost = plan, cost
        allowed = parameters.max_relative_gap if turn + 1 < _ROUNDS else _LARGE_GAP
        if best_cost - best_proof.bound <= allowed * abs(best_cost):
            break
    best_proof = relaxation.values_in_units(problem, best_proof)
    if relaxed.engine == "whole" and best_cost - best_proof.bound > _LARGE_GAP * abs(best_cost):
        polished = whole_plan(problem, best_plan, best_proof, parameters)
        if plan_cost(problem, polished).objective < best_cost:
            best_plan = polished
    return outcome(problem, best_plan, best_proof, relaxed.engine)


def relaxed_plan(problem: Problem, row_price: Numbers) -> Plan:
    """Best whole-unit plan of every item by itself at prices of the rows (j), without lots."""
    from optimization.network.costs import nothing_plan
    from optimization.network.engine.bound import Chunk, solve_chunk

    return solve_chunk(Chunk(problem, nothing_plan(problem), row_price)).plan


def _search_chunk(chunk: Problem, row_price: Numbers, limits: SearchLimits) -> list[ItemSearch]:
    return search(chunk, row_price, relaxed_plan, limits)


def _searched(problem: Problem, row_price: Numbers, limits: SearchLimits, mapper: Mapper) -> list[ItemSearch]:
    index = ItemIndex.of(problem)
    items = np.arange(problem.item_count)
    chunks = [
        of_items(problem, index, items[first : first + _ITEMS_PER_CHUNK]).problem
        for first in range(0, len(items), _ITEMS_PER_CHUNK)
    ]
    parts = mapper(partial(_search_chunk, row_price=row_price, limits=limits), chunks)
    return [each for part in parts for each in part]


def _proof_at(problem: Problem, row_price: Numbers, parameters: NetworkParameters, mapper: Mapper) -> Proof:
    from optimization.network.engine.bound import bound_pass

    return bound_pass(problem, row_price, mapper, parameters.chunk_items)[1]


def _nothing(problem: Problem) -> list[list[Choice]]:
    """By item the choice to do nothing, which always fits."""
    m = len(problem.moves)
    count = np.bincount(problem.places.item[problem.moves.source], minlength=problem.item_count)
    count += np.bincount(problem.places.item, minlength=problem.item_count)
    nothing = as_plan(problem, np.zeros(m + len(problem.places)))
    cost = np.bincount(problem.places.item, weights=place_costs(problem, nothing))
    return [[Choice(np.zeros(k), float(c), float(c))] for k, c in zip(count, cost, strict=True)]


def _fitted(
    problem: Problem,
    relaxation: Relaxation,
    choices: list[list[Choice]],
    plan: Plan,
    engine: Engine,
    row_price: Numbers,
) -> tuple[Plan, Numbers]:
    """One choice for every coarse item, the other items solved again around them; prices of the choices."""
    rows, coarse = problem.rows, relaxation.coarse
    flat = [choice for each in choices for choice in each]
    item = np.repeat(np.arange(len(coarse)), [len(each) for each in choices])
    units = _units_of(problem, coarse[item], flat)
    own = of_items(problem, ItemIndex.of(problem), coarse)
    others = quantities(plan)
    others[own.moves], others[len(problem.moves) + own.places] = 0.0, 0.0
    room = rows.capacity - row_use(problem, as_plan(problem, others))
    costs = np.array([choice.cost for choice in flat])
    selection = select(Choices(item, costs, use_of(problem, units)), room, rows.slack_price)
    chosen = np.asarray(units[:, selection.chosen].sum(axis=1), dtype=np.float64).ravel()
    fitted = _with_others(problem, relaxation, others, chosen, engine, row_price)
    return fitted, np.minimum(selection.row_price, rows.slack_price)


def _units_of(problem: Problem, items: Integers, choices: list[Choice]) -> sparse.csc_matrix:
    """Quantities of the whole problem by choice ((m + n) × K)."""
    index, m = ItemIndex.of(problem), len(problem.moves)
    used = [np.flatnonzero(choice.quantity) for choice in choices]
    at = [own_quantities(index, item, m)[k] for item, k in zip(items.tolist(), used, strict=True)]
    units = [choice.quantity[k] for choice, k in zip(choices, used, strict=True)]
    of = np.repeat(np.arange(len(choices)), [len(k) for k in used])
    shape = m + len(problem.places), len(choices)
    return sparse.csc_matrix((np.concatenate(units), (np.concatenate(at), of)), shape=shape)


def _with_others(
    problem: Problem,
    relaxation: Relaxation,
    others: Numbers,
    chosen: Numbers,
    engine: Engine,
    row_price: Numbers,
) -> Plan:
    """The chosen quantities, and the items that are not coarse solved again in what room they leave."""
    plain = np.setdiff1d(np.arange(problem.item_count), relaxation.coarse)
    if not len(plain) or not others.any():
        return as_plan(problem, others + chosen)
    part = of_items(relaxation.problem, ItemIndex.of(relaxation.problem), plain)
    used = row_use(problem, as_plan(problem, chosen))
    answer = engine(replace(part.problem, rows=replace(problem.rows, base_use=used)), row_price)
    moved, ordered = np.zeros(len(relaxation.problem.moves)), np.zeros(len(relaxation.problem.places))
    moved[part.moves], ordered[part.places] = answer.plan.moved, answer.plan.ordered
    again = quantities(relaxation.in_units(problem, Plan(moved, ordered)))
    return as_plan(problem, again + chosen)
