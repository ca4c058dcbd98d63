"""The supply sync: the books meet what the snapshot counts.

What was consumed since the last sync is settled, for the snapshot shows it. The difference between
what the formula counts and what the books hold goes to the common pool; quotas are touched only where
the pool cannot bear it, and reservations only where even the stock they hold is gone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimization.allocation.book import Book, Flags, Integers, Loans, Numbers, Texts
from optimization.allocation.rebalancing.changes import Changes, applied, changes, reserved_units

_TINY = 1e-9


def settled(book: Book, synced: Flags) -> tuple[Book, Changes]:
    """Forget what was consumed since the last sync, in the pools that are `synced` (n)."""
    consumed = np.column_stack([book.consumed, book.pool_consumed])
    pool, column = np.nonzero((consumed > 0) & synced[:, None])
    segment = np.where(column == len(book.segments), -1, column)
    lines = changes("settle", "SUPPLY_SYNC", pool, segment, consumed[pool, column], "CONSUMPTION_SETTLED")
    return replace(
        book,
        consumed=np.where(synced[:, None], 0.0, book.consumed),
        pool_consumed=np.where(synced, 0.0, book.pool_consumed),
    ), lines


def swept(book: Book, is_gone: Flags) -> tuple[Book, Changes]:
    """Give the quotas of segments that are none any more (`is_gone`, k) back to the common pool."""
    pool, segment = np.nonzero((book.own > 0) & is_gone[None, :])
    lines = changes(
        "unallocate",
        "SEGMENT_REALLOCATION",
        pool,
        segment,
        book.own[pool, segment],
        "SEGMENT_GONE",
        own_sign=-1.0,
        pool_sign=1.0,
    )
    own, free = applied(book, [lines])
    return replace(book, own=own, pool=free), lines


def broken(book: Book, counted: Numbers, synced: Flags, at: int) -> tuple[Book, Changes]:
    """Break reservations beyond what the formula counts (`counted`, n): last tier, then youngest, first.

    A reservation that loses a part keeps the rest, of its own quota first; one that loses all is
    BROKEN. The lost units count as released; they are not there any more, so nobody gets them.
    """
    held = book.reservations
    short_pools = synced & (reserved_units(book) > counted + _TINY)
    rows = np.flatnonzero(short_pools[held.pool] & (held.open_units > 0))
    tier = np.where(held.segment >= 0, book.segments.tier[held.segment], np.iinfo(np.int64).max)
    order = rows[
        np.lexsort((held.reservation_id[rows].astype(str), held.opened_at[rows], tier[rows], held.pool[rows]))
    ]
    kept = _served(held.pool[order], held.open_units[order], counted)
    lost = held.open_units[order] - kept
    order, kept, lost = order[lost > 0], kept[lost > 0], lost[lost > 0]
    lines = changes(
        "cut",
        "RESERVATION",
        held.pool[order],
        held.segment[order],
        lost,
        "RESERVATION_BROKEN",
        reservation_id=held.reservation_id[order],
    )
    if not len(order):
        return book, lines
    own_kept = np.minimum(held.own_units[order], kept)
    pool_lost = held.pool_units[order] - (kept - own_kept)
    status, closed_at = held.status.copy(), held.closed_at.copy()
    status[order[kept <= 0]] = "BROKEN"
    closed_at[order[kept <= 0]] = at
    reservations = replace(
        held,
        open_units=_put(held.open_units, order, kept),
        own_units=_put(held.own_units, order, own_kept),
        pool_units=_put(held.pool_units, order, kept - own_kept),
        released_units=_put(held.released_units, order, held.released_units[order] + lost),
        status=status,
        closed_at=closed_at,
    )
    return replace(
        book,
        reservations=reservations,
        loans=_lapsed(book, held.reservation_id[order], pool_lost, at),
    ), lines


def synced_supply(book: Book, supply: Numbers, synced: Flags, is_current: Flags) -> tuple[Book, Changes]:
    """Give the common pool what `supply` (n, after reservations) differs from the books."""
    change = np.where(synced, supply - book.own.sum(axis=1) - book.pool, 0.0)
    pool = np.flatnonzero(np.abs(change) > _TINY)
    reason = np.where(is_current[pool], "SUPPLY_CHANGED", "POOL_GONE").astype(object)
    lines = changes("sync", "SUPPLY_SYNC", pool, -1, change[pool], reason, pool_sign=1.0)
    own, free = applied(book, [lines])
    # The pool is told as the difference, so that rounding of sums leaves no dust in it.
    free = np.where(synced, supply - own.sum(axis=1), free)
    return replace(book, pool=np.where(np.abs(free) < _TINY, 0.0, free)), lines


def closed(book: Book, is_gone: Flags, at: int) -> tuple[Book, Changes]:
    """End the loans of pools that are none any more (`is_gone`, n): there is no pool to repay."""
    loans = book.loans
    ends = (loans.open_units > 0) & is_gone[loans.pool]
    rows = np.flatnonzero(ends)
    lines = changes(
        "expire", "EXPIRE", loans.pool[rows], loans.segment[rows], loans.open_units[rows], "POOL_GONE"
    )
    after = replace(
        loans,
        open_units=np.where(ends, 0.0, loans.open_units),
        expired_units=loans.expired_units + np.where(ends, loans.open_units, 0.0),
        closed_at=np.where(ends, at, loans.closed_at),
    )
    return replace(book, loans=after), lines


def cut(book: Book, committed: Numbers, only: Flags) -> tuple[Book, Changes]:
    """Take back from quotas what the common pool lacks, in the pools of `only` (n).

    First what exceeds the open orders (`committed`, n by k), then the rest; the last tier first and
    within it the larger segment id.

    Worked example: pool -5, quotas 4 (tier 1) and 6 (tier 2, 3 of them ordered): the second gives 3
    above its orders, then the first gives its 2.
    """
    own = book.own.copy()
    lack = np.where(only, np.maximum(-book.pool, 0.0), 0.0)
    lack = np.where(lack < _TINY, 0.0, lack)
    last_first = np.lexsort((-np.arange(len(book.segments)), -book.segments.tier))
    for floor in (np.minimum(committed, own), np.zeros_like(own)):
        for segment in last_first:
            taken = np.minimum(np.maximum(own[:, segment] - floor[:, segment], 0.0), lack)
            own[:, segment] -= taken
            lack -= taken
    pool, segments = np.nonzero(book.own > own)
    lines = changes(
        "cut",
        "SEGMENT_ALLOCATION",
        pool,
        segments,
        (book.own - own)[pool, segments],
        "SUPPLY_CUT",
        own_sign=-1.0,
        pool_sign=1.0,
    )
    _, free = applied(book, [lines])
    return replace(book, own=own, pool=np.where(np.abs(free) < _TINY, 0.0, free)), lines


def _served(group: Integers, wanted: Numbers, left: Numbers) -> Numbers:
    """What each gets of its group's stock (`left`, by group) in this order; groups stand together."""
    before = np.cumsum(wanted) - wanted
    first = np.searchsorted(group, group, side="left")
    return np.clip(left[group] - (before - before[first]), 0.0, wanted) if len(group) else wanted


def _lapsed(book: Book, reservation_id: Texts, units: Numbers, at: int) -> Loans:
    """The loans after those of these reservations lost so many units."""
    loans = book.loans
    lost = dict(zip(reservation_id.tolist(), units.tolist(), strict=True))
    open_units, expired_units, closed_at = (
        loans.open_units.copy(),
        loans.expired_units.copy(),
        loans.closed_at.copy(),
    )
    for row in np.flatnonzero((loans.open_units > 0) & (loans.reservation_id != "")):
        taken = min(lost.get(loans.reservation_id[row], 0.0), open_units[row])
        if taken > 0:
            lost[loans.reservation_id[row]] -= taken
            open_units[row] -= taken
            expired_units[row] += taken
            if open_units[row] <= 0:
                closed_at[row] = at
    return replace(loans, open_units=open_units, expired_units=expired_units, closed_at=closed_at)


def _put(values: Numbers, rows: Integers, new: Numbers) -> Numbers:
    changed = values.copy()
    changed[rows] = new
    return changed
