"""What can still be promised: own quota first, then what ratio, cap and safety leave of the pool."""

from __future__ import annotations

import numpy as np

from optimization.allocation.book import Book, Integers, Numbers
from optimization.allocation.operations import kernel
from optimization.allocation.operations.rows import lent, state_of, terms_of


def borrowable(book: Book) -> Numbers:
    """Units (n, k) that each segment may still take from the common pool; never to be summed.

    min(borrow_ratio · pool_at_start − borrowed since, borrow_cap_units − open loans, pool − safety),
    not below 0, whole units where the pool counts so; 0 for a segment that may not borrow.
    """
    nothing: Integers = np.empty(0, dtype=np.int64)
    room = np.zeros(book.own.shape)
    codes = np.arange(len(book.reservations))
    state = state_of(book, codes if len(codes) else nothing, len(codes), (0, 0, 0))
    kernel.allowances(terms_of(book.segments), state, room)
    return room


def available(book: Book) -> Numbers:
    """Units (n, k) that each segment can be promised: its quota and what it may borrow."""
    return book.own + borrowable(book)


def pool_free(book: Book) -> Numbers:
    """Units (n) that demand without a segment can be promised; safety protects from loans alone."""
    return np.maximum(book.pool, 0.0)


def soft_reserved(book: Book) -> Numbers:
    """Units (n, k + 1) of open reservations; the last column is the common pool's."""
    held = book.reservations
    total = np.zeros((len(book), len(book.segments) + 1))
    np.add.at(total, (held.pool, held.segment), held.open_units)
    return total


def borrowed(book: Book) -> Numbers:
    """Units (n, k) of open loans."""
    return lent(book)
