"""Items that share rows: prices by an augmented Lagrangian, a bound by one exact pass, a plan that fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.network.costs import nothing_plan, plan_cost, row_use
from optimization.network.engine.arrays import (
    Net,
    State,
    Work,
    net_of,
    plan_of,
    row_prices,
    state_of,
    work_for,
)
from optimization.network.engine.bound import MOST_WALKS, bound_pass
from optimization.network.engine.finish import fill, loosen, shave
from optimization.network.engine.item_solver import GROWING
from optimization.network.engine.marginals import PlaceCurves, read_marginals
from optimization.network.engine.pools import place_curves
from optimization.network.engine.sample import sample_of
from optimization.network.engine.sweeps import NO_VALUES, size_rows, sweep
from optimization.network.outcomes import outcome
from optimization.network.problem import Numbers, Outcome, Plan, Problem, Proof
from optimization.parameters import NetworkParameters
from optimization.results import Mapper

# Finishes that are tried while the gap is wider than allowed; each one wins a little where rows are thin.
_MOST_FINISHES = 4
# A row that is over by so many times its free capacity has its price raised by its scale. Smaller is
# stiffer: the rows fit sooner, but items are held where they stand and the gap stays open.
_WIDTH = 3.0
# Rows that stay over by a tenth of their free capacity are made stiffer from sweep to sweep.
_OVER, _STIFFER = 0.1, 2.0
# What the rows miss or leave, at their prices, as a share of the cost: then the finish is cheaper.
_CLOSE_ENOUGH = 1e-4
# A plan so close to the bound needs no softer prices; how much softer they get otherwise.
_CLOSED, _SOFTER, _LEAST_SWEEPS = 1e-4, 3.0, 4
# Free capacity of a row counts as at least so many units, or a tight row would be too stiff to move on.
_LEAST_UNITS = 20.0
# A price moves by at least so much of what a unit of the row wins, or of the price of its slack.
_LEAST_SCALE, _LEAST_SHARE = 0.1, 1e-4


@dataclass
class Coordination:
    """Where the items and the rows' prices stand.

    growth: how fast a row's price (j) rises with its use. scale: money by which it may move. room: its
    free capacity. amount: what a unit takes of it on average.
    """

    net: Net
    curves: PlaceCurves
    state: State
    work: Work
    price: Numbers
    growth: Numbers
    scale: Numbers
    room: Numbers
    amount: Numbers


def solve_by_items(
    problem: Problem, parameters: NetworkParameters, mapper: Mapper, start_price: Numbers | None = None
) -> Outcome:
    """Plan of whole units and its bound, item by item; lots, minima and fixed costs are left out.

    Without rows one exact pass is the optimum. `start_price` (j) saves sweeps. The plan keeps every
    capacity unless slack at its price is cheaper. Same problem and parameters, same plan, whatever the
    mapper. Source: Bertsekas, Nonlinear Programming, 6.4 (augmented Lagrangian, block coordinate
    descent).
    """
    rows = problem.rows
    if not len(rows) or not (len(problem.moves) or problem.places.order_limit.any()):
        base_price = np.where(rows.base_use > rows.capacity, rows.slack_price, 0.0)
        plan, proof = bound_pass(problem, base_price, mapper, parameters.chunk_items)
        return outcome(problem, plan, proof, "items")
    if start_price is None:
        start_price = start_prices(problem, parameters)
    found = begin(problem, start_price)
    proof = coordinate(problem, found, parameters, mapper)
    plan = finish(problem, found, proof.bound, parameters)
    slack = slack_of(problem, plan)
    if slack.any():
        # Where slack is paid for, its price is the row's price, or the bound misses what it costs.
        paid = np.where(slack > 0, rows.slack_price, proof.row_price)
        _, other = bound_pass(problem, paid, mapper, parameters.chunk_items, plan)
        proof = other if other.bound > proof.bound else proof
    return outcome(problem, plan, proof, "items")


def slack_of(problem: Problem, plan: Plan) -> Numbers:
    """Use of every row (j) beyond its capacity, without the rounding of sums."""
    capacity = problem.rows.capacity
    over = row_use(problem, plan) - capacity
    return np.where(over > 1e-9 * np.maximum(np.abs(capacity), 1.0), over, 0.0)


def start_prices(problem: Problem, parameters: NetworkParameters) -> Numbers:
    """Prices of the rows (j) that suit a sample of the items."""
    if problem.item_count <= 2 * parameters.sample_items:
        return np.zeros(len(problem.rows))
    sample = sample_of(problem, parameters.sample_items, parameters.seed)
    found = begin(sample, np.zeros(len(problem.rows)))
    sweep_until_close(sample, found, 1, parameters.max_sweeps, np.random.default_rng(parameters.seed))
    return found.price


def begin(problem: Problem, price: Numbers) -> Coordination:
    """Nothing moved or ordered, at these prices of the rows (j)."""
    net, curves, rows = net_of(problem), place_curves(problem), problem.rows
    state = state_of(problem, nothing_plan(problem))
    read_marginals(curves, state)
    won, amount = size_rows(net, state, len(rows))
    won = np.clip(won, _LEAST_SHARE * rows.slack_price, rows.slack_price)
    scale = np.maximum(price, _LEAST_SCALE * won) if price.any() else won
    room = np.maximum(np.maximum(rows.capacity - rows.base_use, _LEAST_UNITS * amount), 1e-12)
    growth = scale / (_WIDTH * room)
    return Coordination(net, curves, state, work_for(net, len(rows)), price, growth, scale, room, amount)


def coordinate(problem: Problem, found: Coordination, parameters: NetworkParameters, mapper: Mapper) -> Proof:
    """Sweeps until the rows almost fit, then the bound; softer prices and again while the gap is open.

    A unit that a row's growing price holds back although it pays at the price itself shows in the
    bound only. The best bound of all rounds is the proof.
    """
    rng, left, best = np.random.default_rng(parameters.seed), parameters.max_sweeps, None
    least = 1
    while True:
        left -= sweep_until_close(problem, found, min(least, left), left, rng)
        least = _LEAST_SWEEPS
        price = np.clip(found.price, 0.0, problem.rows.slack_price)
        plan = plan_of(found.state)
        _, proof = bound_pass(problem, price, mapper, parameters.chunk_items, plan)
        best = proof if best is None or proof.bound > best.bound else best
        cost = plan_cost(problem, plan)
        if left <= 0 or cost.objective - cost.slack - best.bound <= _CLOSED * abs(best.bound):
            return best
        found.growth /= _SOFTER


def sweep_until_close(
    problem: Problem, found: Coordination, least: int, most: int, rng: np.random.Generator
) -> int:
    """Improve the items one by one while the rows' prices grow with their use; sweeps run.

    Within a sweep row j costs p_j = min(P_j, max(0, λ_j + ρ_j·(use_j − capacity_j))), live; after it
    λ_j ← p_j. It ends when Σ λ·|use − capacity| is a small share of the cost, but not before the
    least nor after the most sweeps.
    """
    rows, state = problem.rows, found.state
    over, cost = np.maximum(state.use - rows.capacity, 0.0), 0.0
    for number in range(most):
        prices = row_prices(problem, found.price, found.growth)
        order = rng.permutation(problem.item_count)
        sweep(
            found.net,
            found.curves,
            state,
            prices,
            found.work,
            order,
            GROWING,
            MOST_WALKS,
            NO_VALUES,
            NO_VALUES,
        )
        found.price = prices.now.copy()
        before, over = over, np.maximum(state.use - rows.capacity, 0.0)
        may_rise = found.price < rows.slack_price
        stuck = (over > _OVER * found.room) & (over > 0.5 * before) & may_rise
        found.growth = np.where(stuck, _STIFFER * found.growth, found.growth)
        missed = float(np.where(may_rise, found.price, 0.0) @ np.abs(state.use - rows.capacity))
        cost = cost if number else abs(plan_cost(problem, plan_of(state)).true_cost)
        if number + 1 >= least and missed <= _CLOSE_ENOUGH * cost:
            return number + 1
    return most


def finish(problem: Problem, found: Coordination, bound: float, parameters: NetworkParameters) -> Plan:
    """A plan that fits the rows, close to the coordinated one: the best of a few while the gap is open."""
    rng, best, least = np.random.default_rng(parameters.seed + 1), plan_of(found.state), np.inf
    parts = (problem, found.net, found.curves, found.state, found.work, found.price)
    for turn in range(_MOST_FINISHES):
        if turn:
            loosen(*parts, found.growth, rng)
        shave(*parts, found.scale, found.amount, rng, parameters.max_finish_sweeps)
        fill(*parts, bound, rng)
        plan = plan_of(found.state)
        cost = plan_cost(problem, plan).objective
        if cost < least:
            best, least = plan, cost
        if least - bound <= parameters.max_relative_gap * abs(least):
            break
    return best
