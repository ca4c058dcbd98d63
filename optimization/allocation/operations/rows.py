"""A book taken apart into the kernel's arrays, with room for what the events can add, and back again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimization.allocation.book import Book, Integers, Loans, Numbers, Reservations, Segments, Texts
from optimization.allocation.operations import kernel
from optimization.allocation.operations.events import Events
from optimization.allocation.operations.vocabulary import RESERVATION_STATES

_DAY_NS = 86_400_000_000_000


def terms_of(segments: Segments) -> kernel.Terms:
    """What the segments may do; the last tier is cut first, in it the larger segment id."""
    count = len(segments)
    return kernel.Terms(
        may_borrow=segments.may_borrow.astype(np.bool_),
        ratio=segments.borrow_ratio.astype(np.float64),
        cap=segments.borrow_cap_units.astype(np.float64),
        life=np.where(segments.borrow_days < 0, -1, segments.borrow_days * _DAY_NS).astype(np.int64),
        repays=segments.borrow_repays.astype(np.bool_),
        cut_order=np.lexsort((-np.arange(count), -segments.tier)).astype(np.int64),
    )


def state_of(book: Book, held_codes: Integers, codes: int, room: tuple[int, int, int]) -> kernel.State:
    """Copy a book into arrays.

    `held_codes`: code of each reservation of the book, of `codes` in all. `room`: how many loans,
    reservations and extensions the events may add.
    """
    loans, held = book.loans, book.reservations
    more_loans, more_held, more_ends = room
    n, k = book.own.shape
    held_of = np.full(codes, -1, dtype=np.int64)
    held_of[held_codes] = np.arange(len(held))
    loan_rows, loan_units = _loan_rows(loans, held, len(loans) + more_loans)
    held_rows, held_units = _held_rows(loans, held, len(held) + more_held)
    quota = np.zeros((n, k, 6))
    quota[..., kernel.OWN], quota[..., kernel.CONSUMED] = book.own, book.consumed
    quota[..., kernel.EVER_ALLOCATED] = book.cumulative_allocated
    quota[..., kernel.EVER_CONSUMED] = book.cumulative_consumed
    quota[..., kernel.LENT] = lent(book)
    quota[..., kernel.LENT_IN_CYCLE] = lent_in_cycle(book)
    common = np.zeros((n, 5))
    common[:, kernel.FREE], common[:, kernel.AT_START] = book.pool, book.pool_at_start
    common[:, kernel.SAFETY], common[:, kernel.FREE_CONSUMED] = book.safety, book.pool_consumed
    common[:, kernel.EVER_FREE_CONSUMED] = book.pool_cumulative_consumed
    return kernel.State(
        quota=quota,
        common=common,
        is_whole=book.is_whole.astype(np.bool_),
        loan=loan_rows,
        loan_units=loan_units,
        held=held_rows,
        held_units=held_units,
        oldest=np.full((n, k), -1, dtype=np.int64),
        newest=np.full((n, k), -1, dtype=np.int64),
        held_of=held_of,
        ends=np.empty((len(loan_rows) + len(held_rows) + more_ends, 2), dtype=np.int64),
        counts=np.array([len(loans), len(held), 0, 0], dtype=np.int64),
    )


def lent(book: Book) -> Numbers:
    """Units (n, k) of open loans."""
    return _by_place(book, book.loans.open_units)


def lent_in_cycle(book: Book) -> Numbers:
    """Units (n, k) of the loans since the cycle started that were not returned; what lapsed counts."""
    loans = book.loans
    return _by_place(book, np.where(loans.is_of_cycle, loans.units - loans.returned_units, 0.0))


def _by_place(book: Book, units: Numbers) -> Numbers:
    total = np.zeros(book.own.shape)
    np.add.at(total, (book.loans.pool, book.loans.segment), units)
    return total


def book_after(book: Book, state: kernel.State, events: Events, order: Integers) -> Book:
    """The book as the kernel left it; the caller adds the actions that were applied.

    `order`: the events' rows in the order in which they were applied.
    """
    new_loans = state.loan[len(book.loans) : state.counts[kernel.N_LOANS], kernel.L_EVENT]
    new_held = state.held[len(book.reservations) : state.counts[kernel.N_HELD], kernel.H_EVENT]
    held = _reservations(book.reservations, state, events, order[new_held])
    quota, common = state.quota, state.common
    return replace(
        book,
        own=quota[..., kernel.OWN].copy(),
        consumed=quota[..., kernel.CONSUMED].copy(),
        cumulative_allocated=quota[..., kernel.EVER_ALLOCATED].copy(),
        cumulative_consumed=quota[..., kernel.EVER_CONSUMED].copy(),
        pool=common[:, kernel.FREE].copy(),
        pool_consumed=common[:, kernel.FREE_CONSUMED].copy(),
        pool_cumulative_consumed=common[:, kernel.EVER_FREE_CONSUMED].copy(),
        loans=_loans(book.loans, held, state, events.action_id[order[new_loans]]),
        reservations=held,
    )


def _loan_rows(loans: Loans, held: Reservations, size: int) -> tuple[Integers, Numbers]:
    rows, units = np.empty((size, 10), dtype=np.int64), np.empty((size, 4))
    old = slice(0, len(loans))
    row_of = {name: row for row, name in enumerate(held.reservation_id)}
    columns = (loans.pool, loans.segment, loans.opened_at, loans.expires_at, loans.closed_at)
    for column, values in enumerate(columns):
        rows[old, column] = values
    rows[old, kernel.L_HELD] = [row_of.get(name, -1) if name else -1 for name in loans.reservation_id]
    rows[old, kernel.L_NEXT], rows[old, kernel.L_EVENT] = -1, -1
    rows[old, kernel.L_REPAYS], rows[old, kernel.L_IN_CYCLE] = loans.repays, loans.is_of_cycle
    amounts = (loans.units, loans.open_units, loans.returned_units, loans.expired_units)
    for column, number in enumerate(amounts):
        units[old, column] = number
    return rows, units


def _held_rows(loans: Loans, held: Reservations, size: int) -> tuple[Integers, Numbers]:
    rows, units = np.empty((size, 8), dtype=np.int64), np.empty((size, 6))
    old = slice(0, len(held))
    # A reservation has one loan, made by the same action.
    loan_of = {
        (name, action): row
        for row, (name, action) in enumerate(zip(loans.reservation_id, loans.action_id, strict=True))
        if name
    }
    columns = (held.pool, held.segment, held.opened_at, held.expires_at, held.closed_at)
    for column, values in enumerate(columns):
        rows[old, column] = values
    # The word of a status that does not change is kept as it is.
    rows[old, kernel.H_STATUS], rows[old, kernel.H_EVENT] = -1, -1
    made = zip(held.reservation_id, held.action_id, strict=True)
    rows[old, kernel.H_LOAN] = [loan_of.get(key, -1) for key in made]
    amounts = (held.units, held.own_units, held.pool_units)
    endings = (held.consumed_units, held.released_units, held.expired_units)
    for column, number in enumerate((*amounts, *endings)):
        units[old, column] = number
    return rows, units


def _loans(old: Loans, held: Reservations, state: kernel.State, action_id: Texts) -> Loans:
    count = len(old) + len(action_id)
    rows, units = state.loan[:count], state.loan_units[:count]
    held_id: Texts = np.append(held.reservation_id, "")[rows[len(old) :, kernel.L_HELD]]
    return Loans(
        loan_id=np.concatenate([old.loan_id, "loan/" + action_id]),
        pool=rows[:, kernel.L_POOL].copy(),
        segment=rows[:, kernel.L_SEGMENT].copy(),
        opened_at=rows[:, kernel.L_OPENED].copy(),
        expires_at=rows[:, kernel.L_EXPIRES].copy(),
        closed_at=rows[:, kernel.L_CLOSED].copy(),
        units=units[:, kernel.L_UNITS].copy(),
        open_units=units[:, kernel.L_OPEN].copy(),
        returned_units=units[:, kernel.L_RETURNED].copy(),
        expired_units=units[:, kernel.L_EXPIRED].copy(),
        repays=rows[:, kernel.L_REPAYS].astype(np.bool_),
        action_id=np.concatenate([old.action_id, action_id]),
        reservation_id=np.concatenate([old.reservation_id, held_id]),
        is_of_cycle=rows[:, kernel.L_IN_CYCLE].astype(np.bool_),
    )


def _reservations(old: Reservations, state: kernel.State, events: Events, made_by: Integers) -> Reservations:
    count = len(old) + len(made_by)
    rows, units = state.held[:count], state.held_units[:count]
    words: Texts = np.array(RESERVATION_STATES, dtype=object)
    status = np.concatenate([old.status, np.full(len(made_by), "", dtype=object)])
    changed = rows[:, kernel.H_STATUS] >= 0
    status[changed] = words[rows[changed, kernel.H_STATUS]]
    own, free = units[:, kernel.H_OWN].copy(), units[:, kernel.H_FREE].copy()
    return Reservations(
        reservation_id=np.concatenate([old.reservation_id, events.reservation_id[made_by]]),
        pool=rows[:, kernel.H_POOL].copy(),
        segment=rows[:, kernel.H_SEGMENT].copy(),
        opened_at=rows[:, kernel.H_OPENED].copy(),
        expires_at=rows[:, kernel.H_EXPIRES].copy(),
        closed_at=rows[:, kernel.H_CLOSED].copy(),
        units=units[:, kernel.H_UNITS].copy(),
        own_units=own,
        pool_units=free,
        open_units=own + free,
        consumed_units=units[:, kernel.H_CONSUMED].copy(),
        released_units=units[:, kernel.H_RELEASED].copy(),
        expired_units=units[:, kernel.H_EXPIRED].copy(),
        status=status,
        action_id=np.concatenate([old.action_id, events.action_id[made_by]]),
    )
