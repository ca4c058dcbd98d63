"""How long it still takes, given the stage and its age: whole past orders, drawn by their weight.

Only passages and day numbers live here; what the remaining days mean for a promise, and whether they
keep their coverage, is said by `conformal.py` and by the milestones' side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimization.build_to_order.lead_times.pace import PacedPassages
from optimization.demand.lead_times import recency_weight
from optimization.demand.pooled_survival import Durations, group_curves
from optimization.demand.series import Flags, Numbers
from optimization.keys import Integers
from optimization.order_parameters import LeadTimeParameters

# Past orders that waited as long as this one: with fewer, the rest of the draws begins the stage anew.
FULL_CONDITION = 20.0
# Past orders per stage that are weighed; with more, every narrowest group is thinned alike.
MOST_DONORS = 4_000
LEAST_PER_POOL = 120
# Where at least half of the orders were seen to the end, and so many beyond the half, the rest is drawn too.
TAIL_FROM = 0.5
TAIL_LEAST = 10
_CELLS_AT_ONCE = 3_000_000
_SLACK = 1e-9


@dataclass(frozen=True)
class Questions:
    """Orders (n,) that are in one stage: `age`, whole days in it, and `pool` (n, 4), their groups.

    An age of −1 asks for the whole duration from the beginning of the stage.
    """

    column: int
    age: Numbers
    pool: Integers


@dataclass(frozen=True)
class Draws:
    """Draws (n, k) per order, by their days to the handover, ascending: infinite where no past order says.

    `donor` (n, k): the past order drawn, a row of the passages, −1 where none, as in the tail that is
    drawn beyond the longest order that was followed to its end; `since` (n, k): days of
    the donor's stage that are over already, so that its later milestones can be placed likewise.
    """

    days: Numbers
    donor: Integers
    since: Numbers

    def quantiles(self, level: float) -> Numbers:
        """Days (n,) within which the handover comes with probability `level`."""
        return self.days[:, place(level, self.days.shape[1])]


def place(level: float, size: int) -> int:
    """Index of a quantile among equally likely values in ascending order: ⌈level · size⌉ − 1.

    >>> place(0.9, 10), place(0.5, 4)
    (8, 1)
    """
    return min(max(int(np.ceil(level * size - _SLACK)) - 1, 0), size - 1)


def draw_remaining(
    past: PacedPassages, questions: Questions, today: float, parameters: LeadTimeParameters
) -> Draws:
    """Draw whole past orders for each question.

    A past order answers when it stayed in the stage for longer than the age of the question; orders
    still open, or cancelled, are censored, and pass their weight to those that took longer
    (Kaplan–Meier, as redistribution to the right: Efron 1967). Recent ones weigh more. Of the weight, a
    group with n finished answers takes min(1, n/`full_pool`), narrowest first, and passes the rest on;
    all orders take what is left. With fewer than `FULL_CONDITION` answers in all, the rest of the draws
    are taken as if the stage began today. Where the record is too short for the end of the curve, but half
    of it is there, the rest ends at the rate of its upper half (`tail_rate`). The k draws are the middles of
    k equally likely slices, so that there is no chance in them, and an order more among the questions
    changes none of the others.
    """
    size = parameters.sampled_orders
    unique, back = _distinct(questions)
    days = np.full((len(unique.age), size), np.inf)
    donor = np.full((len(unique.age), size), -1, dtype=np.int64)
    since = np.zeros((len(unique.age), size))
    donors = _donors(past, questions.column, today, parameters)
    if len(donors.row):
        for part in _parts(len(unique.age), len(donors.row)):
            days[part], donor[part], since[part] = _drawn(
                donors, unique.age[part], unique.pool[part], size, parameters
            )
    return Draws(days[back], donor[back], since[back])


@dataclass(frozen=True)
class _Donors:
    """Past orders that were in the stage, in the order of `days` from it to the handover."""

    row: Integers
    days: Numbers
    stay: Numbers
    is_finished: Flags
    weight: Numbers
    pool: Integers

    @cached_property
    def tail_rate(self) -> float:
        return tail_rate(Durations(self.days, ~self.is_finished, self.weight))


def _donors(history: PacedPassages, column: int, today: float, parameters: LeadTimeParameters) -> _Donors:
    past, entered = history.paced, history.past.reached[:, column]
    row = np.flatnonzero(entered >= today - parameters.history_days)
    if len(row) > MOST_DONORS:
        row, scale = _thinned(row, entered, past.pool[:, 0])
    else:
        scale = np.ones(len(row))
    start = past.reached[row, column]
    finished = ~np.isnan(past.delivered[row])
    days = np.where(finished, past.delivered[row], past.end[row]) - start
    stay = np.minimum(past.left_at[row, column], past.end[row]) - start
    weight = scale * recency_weight(today - entered[row], parameters.half_life_days)
    order = np.lexsort((row, ~finished, days))
    return _Donors(
        row[order], days[order], stay[order], finished[order], weight[order], past.pool[row[order]]
    )


def _thinned(row: Integers, entered: Numbers, pool: Integers) -> tuple[Integers, Numbers]:
    """Evenly fewer orders of each narrowest group, by entry, each weighing for those left out."""
    row = row[np.lexsort((row, entered[row], pool[row]))]
    _, first, count = np.unique(pool[row], return_index=True, return_counts=True)
    most = max(LEAST_PER_POOL, MOST_DONORS // len(count))
    number = np.arange(len(row)) - np.repeat(first, count)
    kept = np.repeat(np.minimum(count, most), count)
    size = np.repeat(count, count)
    chosen = (number + 1) * kept // size > number * kept // size
    return row[chosen], (size / kept)[chosen]


def _distinct(questions: Questions) -> tuple[Questions, Integers]:
    """The different questions, and which of them each order asks."""
    key = np.column_stack([questions.pool[:, 0], questions.age.astype(np.int64)])
    _, first, back = np.unique(key, axis=0, return_index=True, return_inverse=True)
    return Questions(questions.column, questions.age[first], questions.pool[first]), back.reshape(-1)


def _parts(rows: int, width: int) -> Iterator[slice]:
    step = max(_CELLS_AT_ONCE // max(width, 1), 1)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def _drawn(
    donors: _Donors, age: Numbers, pool: Integers, size: int, parameters: LeadTimeParameters
) -> tuple[Numbers, Integers, Numbers]:
    """Days, donor and days over, each (n, size), of one part of the questions."""
    waited = donors.stay[None, :] > age[:, None]
    answers = (waited & donors.is_finished) @ donors.weight
    share = np.minimum(answers / FULL_CONDITION, 1.0)
    elapsed = np.maximum(age, 0.0)
    mass = _masses(donors, waited, pool, parameters) * share[:, None]
    ahead = donors.days[None, :] - elapsed[:, None]
    anew = bool((share < 1.0).any())
    if anew:
        again = _masses(donors, np.ones_like(waited), pool, parameters) * (1.0 - share)[:, None]
        mass = np.concatenate([mass, again], axis=1)
        ahead = np.concatenate([ahead, np.broadcast_to(donors.days, waited.shape)], axis=1)
        order = np.argsort(ahead, axis=1, kind="stable")
        mass, ahead = (np.take_along_axis(each, order, axis=1) for each in (mass, ahead))
    # One sorted key finds every row's slices at once: rows lie two apart, shares within one.
    width = mass.shape[1]
    upto = np.minimum(np.cumsum(mass, axis=1), 1.0) + 2.0 * np.arange(len(age))[:, None]
    middle = (np.arange(size) + 0.5) / size + 2.0 * np.arange(len(age))[:, None]
    found = np.searchsorted(upto.ravel(), middle - _SLACK) - width * np.arange(len(age))[:, None]
    missing = found >= width
    found = np.minimum(found, width - 1)
    source = np.take_along_axis(order, found, axis=1) if anew else found
    begun_anew = source >= len(donors.row)
    days = np.take_along_axis(ahead, found, axis=1)
    if missing.any():
        days = np.where(missing, _tail(ahead, mass, size, donors.tail_rate), days)
    donor = np.where(missing, -1, donors.row[source % len(donors.row)])
    return days, donor, np.where(begun_anew, 0.0, elapsed[:, None])


def _tail(ahead: Numbers, mass: Numbers, size: int, rate: float) -> Numbers:
    """Days (n, size) of draws beyond the last donor: what is left ends at `rate`; infinite without it."""
    seen = mass.sum(axis=1, keepdims=True)
    last = mass.shape[1] - 1 - np.argmax(mass[:, ::-1] > 0, axis=1)
    left = np.log(np.maximum(1.0 - seen, _SLACK) / (1.0 - (np.arange(size) + 0.5) / size)[None, :])
    if not rate:
        return np.full(left.shape, np.inf)
    longest = np.take_along_axis(ahead, last[:, None], axis=1)
    return np.where(seen >= TAIL_FROM, longest + np.maximum(left, 0.0) / rate, np.inf)


def _masses(donors: _Donors, waited: Flags, pool: Integers, parameters: LeadTimeParameters) -> Numbers:
    """Probability (n, d) of each finished donor; what no donor takes is longer than all."""
    finished = waited & donors.is_finished
    weight = np.zeros(waited.shape)
    left = np.ones(len(waited))
    levels = donors.pool.shape[1]
    for level in range(levels):
        member = donors.pool[None, :, level] == pool[:, None, level]
        answers = (finished & member) @ donors.weight
        own = np.minimum(answers / parameters.full_pool, 1.0)
        if level == levels - 1:
            own = (answers > 0).astype(np.float64)
        scale = np.divide(left * own, answers, out=np.zeros_like(left), where=answers > 0)
        weight += scale[:, None] * (waited & member)
        left = left * (1.0 - own)
    weight *= donors.weight[None, :]
    at_risk = np.cumsum(weight[:, ::-1], axis=1)[:, ::-1]
    hazard = np.divide(weight, at_risk, out=np.zeros_like(weight), where=finished & (at_risk > 0))
    # The last one ends it all; a rounding error must not keep a trace alive.
    hazard[hazard > 1.0 - _SLACK] = 1.0
    survival = np.cumprod(1.0 - hazard, axis=1)
    before = np.concatenate([np.ones((len(weight), 1)), survival[:, :-1]], axis=1)
    return np.asarray(before * hazard)


def tail_rate(durations: Durations) -> float:
    """Ends per day among durations beyond their product-limit median; 0 where too few are seen there.

    An exponential tail: weighted ends over weighted days spent beyond the median.

    >>> tail_rate(Durations(np.arange(1.0, 31.0), np.zeros(30, dtype=np.bool_), np.ones(30))).__round__(3)
    0.125
    """
    none = np.zeros(len(durations.days), dtype=np.int64)
    if not len(durations.days) or durations.is_censored.all():
        return 0.0
    median = group_curves(durations, none, 1, np.array([TAIL_FROM])).quantiles[0, 0]
    beyond = np.maximum(durations.days - median, 0.0)
    ended = (beyond > 0) & ~durations.is_censored
    exposed = float((durations.weight * beyond).sum())
    enough = ended.sum() >= TAIL_LEAST and exposed > 0
    return float(durations.weight[ended].sum()) / exposed if enough else 0.0


def later_milestones(history: PacedPassages, draws: Draws, start: int, column: int) -> Numbers:
    """Days (n, k) until each drawn order reached a later stage, or NaN; `start` is the stage drawn for.

    A stage before `start` comes out below zero: so many days earlier.
    """
    row, reached = np.maximum(draws.donor, 0), history.paced.reached
    days = reached[row, column] - reached[row, start] - draws.since
    return np.where(draws.donor >= 0, days, np.nan)


def quantiles_of(days: Numbers, levels: tuple[float, ...]) -> Numbers:
    """Quantiles (n, len(levels)) of each row's known values; NaN where fewer than half are known."""
    ordered = np.sort(days, axis=1)
    known = (~np.isnan(ordered)).sum(axis=1)
    index = np.ceil(np.asarray(levels)[None, :] * known[:, None] - _SLACK).astype(np.int64) - 1
    values = np.take_along_axis(ordered, np.maximum(index, 0), axis=1)
    return np.where(2 * known[:, None] >= days.shape[1], values, np.nan)
