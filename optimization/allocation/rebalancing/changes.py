"""The lines of one step of a cycle, as arrays, and small sums over what hangs on a pool."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from optimization.allocation.book import Book, Integers, Numbers, Texts


@dataclass(frozen=True)
class Changes:
    """m lines of one kind. `segment` is a column of the book, -1 the common pool itself.

    `own_units`, `pool_units`: signed change of the segment's quota and of the common pool.
    `is_rebalancing`: whether the line belongs to the pool's rebalancing rather than to the supply sync.
    """

    operation: str
    purpose: str
    pool: Integers
    segment: Integers
    units: Numbers
    own_units: Numbers
    pool_units: Numbers
    reason: Texts
    is_rebalancing: bool = False
    reservation_id: Texts = field(default_factory=lambda: np.zeros(0, dtype=object))

    def __len__(self) -> int:
        return len(self.pool)


def changes(
    operation: str,
    purpose: str,
    pool: Integers,
    segment: Integers | int,
    units: Numbers,
    reason: Texts | str,
    own_sign: float = 0.0,
    pool_sign: float = 0.0,
    is_rebalancing: bool = False,
    reservation_id: Texts | None = None,
) -> Changes:
    """Lines that move `units` by these signs; scalars hold for all of them.

    >>> line = changes("cut", "SEGMENT_ALLOCATION", np.array([3]), 0, np.array([2.0]), "WHY", -1.0, 1.0)
    >>> line.own_units.tolist(), line.pool_units.tolist()
    ([-2.0], [2.0])
    """
    m = len(pool)
    return Changes(
        operation=operation,
        purpose=purpose,
        pool=pool.astype(np.int64),
        segment=np.broadcast_to(np.asarray(segment, dtype=np.int64), (m,)).copy(),
        units=units,
        own_units=own_sign * units,
        pool_units=pool_sign * units,
        reason=np.broadcast_to(np.asarray(reason, dtype=object), (m,)).copy(),
        is_rebalancing=is_rebalancing,
        reservation_id=np.full(m, "", dtype=object) if reservation_id is None else reservation_id,
    )


def applied(book: Book, lines: Iterable[Changes]) -> tuple[Numbers, Numbers]:
    """Quotas (n, k) and common pools (n) after the lines."""
    own, pool = book.own.copy(), book.pool.copy()
    for each in lines:
        of_segment = each.segment >= 0
        np.add.at(own, (each.pool[of_segment], each.segment[of_segment]), each.own_units[of_segment])
        np.add.at(pool, each.pool, each.pool_units)
    return own, pool


def reserved_units(book: Book) -> Numbers:
    """Units that open reservations hold, per pool (n)."""
    held = book.reservations
    return np.bincount(held.pool, held.open_units, minlength=len(book)).astype(np.float64)


def held_units(book: Book) -> Numbers:
    """All units of the books per pool (n): quotas, common pool, what was consumed and what is reserved."""
    consumed = book.consumed.sum(axis=1) + book.pool_consumed
    return np.asarray(book.own.sum(axis=1) + book.pool + consumed + reserved_units(book))
