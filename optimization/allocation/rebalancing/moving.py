"""Moving quotas to their target: what a segment owes the common pool goes back first, other loans lapse.

Loans of reservations that are still open are left alone: their units are not consumed yet.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimization.allocation.book import NEVER, Book, Flags, Integers, Numbers, Texts
from optimization.allocation.rebalancing.changes import Changes, applied, changes

_TINY = 1e-9


def ending_loans(book: Book) -> Flags:
    """Which pools (n) have loans that a rebalancing ends."""
    rows = _lapsing(book)
    found = np.zeros(len(book), dtype=np.bool_)
    found[book.loans.pool[rows]] = True
    return found


def moved(
    book: Book, target: Numbers, only: Flags, trigger: Texts, reason: Texts, at: int
) -> tuple[Book, list[Changes]]:
    """Move the quotas of the pools of `only` (n) to `target` (n, k), and end their loans.

    An increase first returns what the segment borrowed and has to repay; what it borrowed without a
    term lapses then. `reason` (n, k) tells why the segment has its target. Decreases come before
    increases, so that the common pool is never overdrawn for good.
    """
    change = np.where(only[:, None] & (np.abs(target - book.own) >= _TINY), target - book.own, 0.0)
    lines: list[Changes] = []
    caused_by_supply = np.isin(trigger, ["first_allocation", "supply_sync"])
    for sign in (-1.0, 1.0):
        for purpose, mine in (
            ("SEGMENT_ALLOCATION", caused_by_supply),
            ("SEGMENT_REALLOCATION", ~caused_by_supply),
        ):
            pool, segment = np.nonzero((sign * change > 0) & mine[:, None])
            lines.append(
                changes(
                    "rebalance",
                    purpose,
                    pool,
                    segment,
                    np.abs(change[pool, segment]),
                    reason[pool, segment],
                    own_sign=sign,
                    pool_sign=-sign,
                    is_rebalancing=True,
                )
            )
    book, ended = _ended(book, np.maximum(change, 0.0), only, at)
    lines = [each for each in (*lines, *ended) if len(each)]
    own, free = applied(book, lines)
    return replace(
        book,
        own=np.where(np.abs(own) < _TINY, 0.0, own),
        pool=np.where(np.abs(free) < _TINY, 0.0, free),
        cumulative_allocated=book.cumulative_allocated + np.maximum(change, 0.0),
    ), lines


def _ended(book: Book, increase: Numbers, only: Flags, at: int) -> tuple[Book, list[Changes]]:
    """Return and lapse loans of the rebalanced pools; `increase` (n, k) is what there is to repay with."""
    loans = book.loans
    rows = _closable(book)
    rows = rows[only[loans.pool[rows]]]
    k = len(book.segments)
    repaying = rows[loans.repays[rows]]
    cells = loans.pool[repaying] * k + loans.segment[repaying]
    order = np.argsort(cells, kind="stable")
    repaying, cells = repaying[order], cells[order]
    open_units = loans.open_units[repaying]
    before = np.cumsum(open_units) - open_units
    before -= before[np.searchsorted(cells, cells, side="left")] if len(cells) else 0.0
    paid = np.clip(increase.reshape(-1)[cells] - before, 0.0, open_units)
    returned = np.zeros(len(loans))
    returned[repaying] = paid
    lapsing = np.zeros(len(loans), dtype=np.bool_)
    lapsing[rows[loans.expires_at[rows] == NEVER]] = True
    lapsed = np.where(lapsing, loans.open_units - returned, 0.0)
    left = loans.open_units - returned - lapsed
    ended = (loans.open_units > 0) & (left <= _TINY)
    lines = [
        _lines("return", "RETURN", book, returned, "LOAN_RETURNED", own_sign=-1.0, pool_sign=1.0),
        _lines("expire", "EXPIRE", book, lapsed, "LOAN_LAPSED"),
    ]
    after = replace(
        loans,
        open_units=np.where(ended, 0.0, left),
        returned_units=loans.returned_units + returned,
        expired_units=loans.expired_units + lapsed,
        closed_at=np.where(ended, at, loans.closed_at),
    )
    return replace(book, loans=after), lines


def _lines(
    operation: str,
    purpose: str,
    book: Book,
    units: Numbers,
    reason: str,
    own_sign: float = 0.0,
    pool_sign: float = 0.0,
) -> Changes:
    rows = np.flatnonzero(units > 0)
    return changes(
        operation,
        purpose,
        book.loans.pool[rows],
        book.loans.segment[rows],
        units[rows],
        reason,
        own_sign,
        pool_sign,
        is_rebalancing=True,
    )


def _closable(book: Book) -> Integers:
    """Open loans whose units are consumed: those of no reservation, or of one that is over."""
    loans, held = book.loans, book.reservations
    open_reservations = held.reservation_id[held.open_units > 0]
    waiting = np.isin(loans.reservation_id.astype(str), open_reservations.astype(str))
    return np.flatnonzero((loans.open_units > 0) & ~waiting).astype(np.int64)


def _lapsing(book: Book) -> Integers:
    lapsing: Flags = book.loans.expires_at == NEVER
    rows = _closable(book)
    return np.asarray(rows[lapsing[rows]], dtype=np.int64)
