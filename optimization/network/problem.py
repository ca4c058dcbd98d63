"""The network problem in arrays: what every way of solving it reads, and nothing else.

Statements of it (from frames, from a generator, from files) and ways to solve it (Pyomo, arrays,
items) meet here. Units are pieces, money is per protection interval. All rows are in key order, so
the same problem has the same arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

NORMAL, COUNT, TABLE = 0, 1, 2
"""Kinds of a demand curve: normal in closed form; negative binomial or Poisson; marginals in a table."""


@dataclass(frozen=True)
class Places:
    """n item-locations, sorted by item, then location.

    item: number of the item, rising. position: on hand, less backorders, plus supply due within the
    protection interval. near_position: the same with supply due within the lead time only. spare:
    whole units that may leave (0 for whoever is about to order). level: position that the policy
    asks for where it triggers, −inf elsewhere. level_price: money per unit below the level; it only
    gives way to a coupling row. order_limit: most units from the supplier, whole lots (0 where
    nothing triggers). order_cost: money per unit ordered beyond the curves; order_fixed_cost: per
    order. lot, moq: terms of the supplier, units. near_mean, near_variance: demand over the lead
    time, that no order placed now can serve; near_shortage_cost: money per unit of it short, 0
    where no near curve counts.
    """

    item: Integers
    position: Numbers
    near_position: Numbers
    spare: Numbers
    level: Numbers
    level_price: Numbers
    order_limit: Numbers
    order_cost: Numbers
    order_fixed_cost: Numbers
    lot: Numbers
    moq: Numbers
    near_mean: Numbers
    near_variance: Numbers
    near_shortage_cost: Numbers

    def __len__(self) -> int:
        return len(self.item)

    def take(self, rows: Integers) -> Self:
        """The same columns for these rows."""
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True)
class Curves:
    """c demand curves, one or more per place, sorted by place (a place's curves are its segments).

    A place's units are shared over its curves at the least cost, so the place's own curve is their
    infimal convolution; units beyond every cap are held by the place at the holding cost of its
    last curve. Of one curve the cost of x units is G(x) = holding_cost·E(x − D)+ + shortage_cost·E(D − x)+,
    and at whole steps from the place's position only. kind: NORMAL (mean, variance), COUNT (negative
    binomial, Poisson below a VMR of 1.05, as `optimization.demand.distributions`; linear between
    whole x; −x·shortage_cost below 0) or TABLE. floor: units that go to this curve first; each one
    missing costs floor_price more, so a floor gives way only to what is dearer. cap: most units
    (inf: none). A TABLE curve has marginals G(x+1) − G(x), not falling, for x = table_low,
    table_low+1, …, in `table[table_start : table_start + table_count]`; outside the first or last
    one holds; its G(table_low) is table_base.
    """

    place: Integers
    kind: npt.NDArray[np.int8]
    mean: Numbers
    variance: Numbers
    holding_cost: Numbers
    shortage_cost: Numbers
    floor: Numbers
    floor_price: Numbers
    cap: Numbers
    table_start: Integers
    table_count: Integers
    table_low: Integers
    table_base: Numbers
    table: Numbers

    def __len__(self) -> int:
        return len(self.place)

    def take(self, rows: Integers) -> Self:
        """The same columns for these rows; the table stays whole."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return type(self)(**{name: value if name == "table" else value[rows] for name, value in own.items()})


@dataclass(frozen=True)
class Moves:
    """m item-lanes that could be used, sorted by source, then target place, of the same item.

    unit_cost, fixed_cost: what the lane costs per unit and per move, before the dead-band factor.
    limit: most whole units. minimum: least units of a move that is made. multiple: units by which it
    grows. lane: row of the caller's lane table.
    """

    source: Integers
    target: Integers
    lane: Integers
    unit_cost: Numbers
    fixed_cost: Numbers
    limit: Numbers
    minimum: Numbers
    multiple: Numbers

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: Integers) -> Self:
        """The same columns for these rows."""
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True)
class Uses:
    """What one unit of each move (or order) takes of which rows.

    Entry k of move a stands at `start[a] ≤ k < start[a+1]`; `amount` may be negative (a unit that
    leaves frees storage).
    """

    start: Integers
    row: Integers
    amount: Numbers


@dataclass(frozen=True)
class Rows:
    """j coupling rows: base_use + Σ amount·units ≤ capacity + slack, slack ≥ 0 at slack_price.

    family: lane | handling | storage | budget | a user's own. key: what the row stands for, sorted
    within the family. base_use: use of the plan that does nothing; it may lie above the capacity.
    slack_price: money per unit of the row; finite, and above what any unit could win.
    """

    family: Texts
    key: Texts
    capacity: Numbers
    base_use: Numbers
    slack_price: Numbers

    def __len__(self) -> int:
        return len(self.capacity)


@dataclass(frozen=True)
class Problem:
    """One network problem: places, moves between them and rows that they share.

    Minimise Σ curves + near curves + level_price·(below level) + floor_price·(below floor)
    + φ·Σ(unit_cost·t + fixed_cost·[t>0]) + Σ order costs + Σ slack_price·slack. φ is
    `dead_band_factor`: a move must win that many times its cost. Units t and orders r are whole;
    0 ≤ t ≤ limit, Σ out ≤ spare, 0 ≤ r ≤ order_limit; lots, minima and fixed costs as stated.
    """

    name: str
    places: Places
    curves: Curves
    moves: Moves
    rows: Rows
    move_uses: Uses
    order_uses: Uses
    dead_band_factor: float

    @property
    def item_count(self) -> int:
        """Number of items: the last item's number and one."""
        return int(self.places.item[-1]) + 1 if len(self.places) else 0


Status = Literal["OPTIMAL", "WITHIN_GAP", "FEASIBLE_WITH_SLACK", "GAP_OPEN", "FALLBACK"]
"""GAP_OPEN: a plan that keeps every rule, proven less closely than asked. FALLBACK: the policy alone."""


@dataclass(frozen=True)
class Plan:
    """Whole units by move (m) and ordered by place (n)."""

    moved: Numbers
    ordered: Numbers


@dataclass(frozen=True)
class Proof:
    """Why no plan can be better than `bound`, in numbers that anyone can recheck.

    row_price (j) ≥ 0 and ≤ slack_price: price of the coupling rows. place_value (n): what one more
    unit is worth at the place, money (−potential of its balance). near_value (n): the same on
    arrival before an order could come (equal to place_value where no near curve counts).
    """

    bound: float
    row_price: Numbers
    place_value: Numbers
    near_value: Numbers


@dataclass(frozen=True)
class Outcome:
    """A plan with what is proven about it. engine: whole | items | fallback."""

    plan: Plan
    proof: Proof
    status: Status
    detail: str
    engine: str
    objective: float
    slack: Numbers

    @property
    def relative_gap(self) -> float:
        """(objective − bound)/|objective|, 0 when the bound is met; infinite without a bound."""
        if not np.isfinite(self.proof.bound):
            return float("inf")
        return max(self.objective - self.proof.bound, 0.0) / max(abs(self.objective), 1e-9)


def grouped(owner: Integers, count: int) -> Integers:
    """Start of each owner's run in a sorted column: entry i stands at start[i] ≤ k < start[i+1].

    >>> grouped(np.array([0, 0, 2]), 3).tolist()
    [0, 2, 2, 3]
    """
    return np.searchsorted(owner, np.arange(count + 1)).astype(np.int64)
