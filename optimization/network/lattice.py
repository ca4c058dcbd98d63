"""Which quantities a move or an order may have, where not every whole unit may be: lots, minima, charges.

Moves and orders are treated alike here, as quantities: the moves first, then one order per place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimization.network.costs import near_after, position_after, row_use
from optimization.network.problem import Flags, Numbers, Plan, Problem

_GUARD = 1e-9


@dataclass(frozen=True)
class Lattice:
    """Allowed quantities (m + n): 0, or `least` and more in steps of `step`, to `most`; units.

    cost: money per unit, charge: money once the quantity is above 0, both with the dead-band factor
    and without coupling rows. A quantity whose `least` does not fit has `most` 0.
    """

    least: Numbers
    step: Numbers
    most: Numbers
    cost: Numbers
    charge: Numbers

    @classmethod
    def of(cls, problem: Problem) -> Lattice:
        """Read the lattice of every move and order off a problem."""
        moves, places, factor = problem.moves, problem.places, problem.dead_band_factor
        step = np.concatenate([np.maximum(moves.multiple, 1.0), np.maximum(places.lot, 1.0)])
        minimum = np.concatenate([moves.minimum, places.moq])
        limit = np.concatenate([np.minimum(moves.limit, places.spare[moves.source]), places.order_limit])
        least = np.ceil(np.maximum(minimum, step) / step - _GUARD) * step
        most = np.floor(np.maximum(limit, 0.0) / step + _GUARD) * step
        return cls(
            least,
            step,
            np.where(most >= least, most, 0.0),
            np.concatenate([factor * moves.unit_cost, places.order_cost]),
            np.concatenate([factor * moves.fixed_cost, places.order_fixed_cost]),
        )

    @property
    def is_coarse(self) -> Flags:
        """Where a linear cost on whole units is not the truth (m + n)."""
        return (self.most > 0) & ((self.step > 1.0) | (self.least > 1.0) | (self.charge > 0))

    def below(self, quantity: Numbers) -> Numbers:
        """Largest allowed quantity that is not larger."""
        return floor_to(quantity, self.least, self.step)

    def above(self, quantity: Numbers) -> Numbers:
        """Smallest allowed quantity that is not smaller; it may exceed `most`."""
        return ceiling_to(quantity, self.least, self.step)


def floor_to(quantity: Numbers, least: Numbers, step: Numbers) -> Numbers:
    """Largest of 0, least, least + step, … that is not above the quantity; least is in whole steps.

    >>> floor_to(np.array([5.0, 13.0, 18.0]), np.full(3, 12.0), np.full(3, 6.0)).tolist()
    [0.0, 12.0, 18.0]
    """
    return np.where(quantity < least - _GUARD, 0.0, np.floor(quantity / step + _GUARD) * step)


def ceiling_to(quantity: Numbers, least: Numbers, step: Numbers) -> Numbers:
    """Smallest of 0, least, least + step, … that is not below the quantity; least is in whole steps.

    >>> ceiling_to(np.array([0.0, 5.0, 13.0, 18.0]), np.full(4, 12.0), np.full(4, 6.0)).tolist()
    [0.0, 12.0, 18.0, 18.0]
    """
    up = np.maximum(np.ceil(quantity / step - _GUARD) * step, least)
    return np.where(quantity <= _GUARD, 0.0, up)


def quantities(plan: Plan) -> Numbers:
    """A plan as one vector of quantities (m + n)."""
    return np.concatenate([plan.moved, plan.ordered])


def as_plan(problem: Problem, quantity: Numbers) -> Plan:
    """A vector of quantities (m + n) as a plan."""
    m = len(problem.moves)
    return Plan(quantity[:m].copy(), quantity[m:].copy())


def between(
    problem: Problem, low: Numbers, high: Numbers, cost: Numbers | None = None, with_lots: bool = False
) -> Problem:
    """The problem in which the quantities `low` (m + n) are done and up to `high` may follow.

    What follows costs `cost` a unit, or what it did before. Every whole unit may follow and charges
    are gone; or, `with_lots`, steps stay, and where nothing is done yet, so do minima and charges.
    Answers of the problem are what comes on top of `low`.
    """
    places, moves, m = problem.places, problem.moves, len(problem.moves)
    if cost is None:
        cost = np.concatenate([problem.dead_band_factor * moves.unit_cost, places.order_cost])
    done, room = as_plan(problem, low), np.maximum(high - low, 0.0)
    given = np.bincount(moves.source, weights=done.moved, minlength=len(places))
    least, charge, step = np.zeros(len(low)), np.zeros(len(low)), np.ones(len(low))
    if with_lots:
        lattice = Lattice.of(problem)
        least, charge = (np.where(low > 0, 0.0, each) for each in (lattice.least, lattice.charge))
        step = lattice.step
    return replace(
        problem,
        places=replace(
            places,
            position=position_after(problem, done),
            near_position=near_after(problem, done),
            spare=places.spare - given,
            order_limit=room[m:],
            order_cost=cost[m:],
            order_fixed_cost=charge[m:],
            lot=step[m:],
            moq=least[m:],
        ),
        moves=replace(
            moves,
            unit_cost=cost[:m] / problem.dead_band_factor,
            fixed_cost=charge[:m] / problem.dead_band_factor,
            limit=room[:m],
            minimum=least[:m],
            multiple=step[:m],
        ),
        rows=replace(problem.rows, base_use=row_use(problem, done)),
    )


def spread(problem: Problem) -> Problem:
    """The relaxed problem: every whole unit is allowed, and a charge is spread over the largest quantity."""
    lattice = Lattice.of(problem)
    share = np.where(lattice.most > 0, lattice.charge / np.maximum(lattice.most, 1.0), 0.0)
    return between(problem, np.zeros(len(share)), lattice.most, lattice.cost + share)
