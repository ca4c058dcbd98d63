"""What audits compare the system's stock with: counts on the shelf, and the general ledger's books.

Both follow the true stock and err by their own random numbers, so that most agree and some do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.ims.generator.counters import Floats, Ints, UInts, keyed, stream, uniform
from orchestration.ims.generator.documents import Documents
from orchestration.ims.generator.movements import movements_of

CONDITIONS = ("sellable", "damaged", "incomplete")
COUNTERS = ("counter-1", "counter-2", "counter-3")
_COUNTED_SHARE, _COUNTED_EVERY_DAYS = 0.1, 60
# chance of a count that finds two less, one less, one more; of a condition other than sellable
_FOUND = (np.array([0.01, 0.05, 0.07]), np.array([-2, -1, 1, 0]))
_DAMAGED_SHARE, _UNFIT_SHARE = 0.03, 0.035
_BOOKED_WRONG_SHARE, _OLD_COST_SHARE, _OLD_COST = 0.02, 0.04, 0.95


@dataclass(frozen=True)
class Counts:
    """Counts of item-locations at the close of a day; codes are positions in the lists above."""

    position: Ints
    day: Ints
    units: Ints
    condition: Ints
    counter: Ints


def counts_of(documents: Documents, since: int | None, as_of: int) -> Counts:
    """Return the counts of the cut: one item-location in ten, each every two months."""
    seed, pairs, horizon = documents.seed, documents.log.pairs, documents.log.horizon
    counted = np.flatnonzero(uniform(stream(seed, "count/chosen"), pairs.key) < _COUNTED_SHARE)
    first = horizon.start if since is None else max(since + 1, horizon.start)
    days = np.arange(first, as_of + 1)
    offset = (uniform(stream(seed, "count/day"), pairs.key[counted]) * _COUNTED_EVERY_DAYS).astype(np.int64)
    row, column = np.nonzero((days + offset[:, None]) % _COUNTED_EVERY_DAYS == 0)
    position, day = counted[row], days[column]
    key = keyed(stream(seed, "count/found"), pairs.key[position], day)
    bounds, differences = _FOUND
    difference = differences[np.searchsorted(bounds, uniform(key, 0), side="right")]
    units = np.maximum(_closing_units(documents, position, day, as_of) + difference, 0)
    condition = np.searchsorted(np.array([_DAMAGED_SHARE, _UNFIT_SHARE]), uniform(key, 1))
    return Counts(
        position=position,
        day=day,
        units=units,
        condition=np.where(units > 0, np.array([1, 2, 0])[condition], 0),
        counter=pairs.location[position] % len(COUNTERS),
    )


def books_of(seed: int, keys: UInts, units: Floats, unit_cost: Floats) -> tuple[Floats, Floats]:
    """Return units and value that the general ledger has for stock of these random keys.

    Some books miss a unit or have one too many, some value the stock at an earlier cost.
    """
    draw = uniform(stream(seed, "books"), keys)
    missing = np.where(draw < _BOOKED_WRONG_SHARE / 2, -1.0, 1.0)
    wrong = draw < _BOOKED_WRONG_SHARE
    book_units = np.maximum(units + np.where(wrong, missing, 0.0), 0.0)
    is_old = ~wrong & (draw < _OLD_COST_SHARE)
    return book_units, np.round(book_units * unit_cost * np.where(is_old, _OLD_COST, 1.0), 2)


def _closing_units(documents: Documents, position: Ints, day: Ints, as_of: int) -> Ints:
    """Stock of item-locations at the close of days: the sum of their movements up to then."""
    if not len(position):
        return np.zeros(0, dtype=np.int64)
    moves = movements_of(documents, None, as_of)
    counted = np.unique(position)
    where = np.concatenate([move.position for move in moves])
    chosen = np.flatnonzero(np.isin(where, counted))
    span = as_of + 1
    code = where[chosen] * span + np.concatenate([move.day for move in moves])[chosen]
    order = np.argsort(code, kind="stable")
    total = np.r_[0, np.cumsum(np.concatenate([move.quantity for move in moves])[chosen][order])]
    reached = np.searchsorted(code[order], position * span + day, side="right")
    before = np.searchsorted(code[order], position * span, side="left")
    return np.asarray(total[reached] - total[before])
