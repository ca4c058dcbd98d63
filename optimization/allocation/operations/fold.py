"""The fold: events applied to a book in one fixed order, and what became of each.

The order is (time, tier of the segment, due date, event id); the common pool and unknown segments come
after all tiers, no due date after all dates. It does not hang on the order of the input rows. A fold
may be cut at any time and carried on: the book after the first part is all that the second needs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from optimization.allocation.book import Book, Flags, Integers, Numbers, Texts
from optimization.allocation.operations import kernel
from optimization.allocation.operations.events import Events
from optimization.allocation.operations.rows import book_after, state_of, terms_of
from optimization.allocation.operations.vocabulary import (
    ACCEPTED,
    COMMON,
    REASON_CODES,
    names_of,
    purposes_of,
)


@dataclass(frozen=True)
class Outcomes:
    """Lines in the order in which they came about: one per event, and what the system did beside.

    `operation`: place in `OPERATION_NAMES`; `pool`, `segment`, `to_segment` as in `Events`; of a
    reservation's line the segment is the reservation's. `units`: what was asked, `effective_units`:
    what took effect. `own_units`, `pool_units`: signed change of the quota of `segment` and of the
    common pool; a reallocation adds to `to_segment` what it takes. `own_after`, `pool_after`: both
    afterwards. `event`: row of the event, -1 for the system's own lines: `expire` of a reservation or
    loan, `return` of a loan, `cut` of a quota; theirs name the action that caused them as parent.

    Consumed of a line is `effective_units` of an accepted consume or offset. Reserved is what then
    remains: of all lines but adjust, cut and return, Σ changes of quota, pool, consumed, reserved = 0.
    """

    operation: Integers
    pool: Integers
    segment: Integers
    to_segment: Integers
    units: Numbers
    effective_units: Numbers
    own_units: Numbers
    pool_units: Numbers
    own_after: Numbers
    pool_after: Numbers
    is_accepted: Flags
    reason: Texts
    purpose: Texts
    at: Integers
    event: Integers
    action_id: Texts
    parent_action_id: Texts
    related_by_action_id: Texts
    loan_id: Texts
    reservation_id: Texts

    def __len__(self) -> int:
        return len(self.operation)


@dataclass(frozen=True)
class Folded:
    """The book after all events, and the lines that led there."""

    book: Book
    outcomes: Outcomes


def fold(book: Book, events: Events, until: int) -> Folded:
    """Apply the events that fall by `until` (ns), end what ends by then, and tell every line.

    Refused events change nothing and have a line with the reason. The book handed in is not changed.
    """
    order = event_order(book, events)
    held_codes, codes, held_of_event = _reservation_codes(book, events)
    actions, action_codes, is_applied = _action_codes(book, events)
    told = kernel.Told(
        operation=events.operation[order],
        pool=events.pool[order],
        segment=events.segment[order],
        to_segment=events.to_segment[order],
        units=events.units[order],
        at=events.at[order],
        expires_at=events.expires_at[order],
        reservation=held_of_event[order],
        action=action_codes[order],
        is_applied=is_applied,
    )
    borrows = np.isin(events.operation, (kernel.CONSUME, kernel.RESERVE)).sum()
    reserves, extends = ((events.operation == code).sum() for code in (kernel.RESERVE, kernel.EXTEND))
    state = state_of(book, held_codes, codes, (int(borrows), int(reserves), int(extends)))
    lines = _room_for_lines(events, state, len(book.segments))
    kernel.fold_events(terms_of(book.segments), told, until, state, lines)
    after = book_after(book, state, events, order)
    applied = book.applied_actions | frozenset(actions[is_applied])
    after = replace(after, applied_actions=applied)
    return Folded(after, _outcomes(after, events, order, state, lines))


def event_order(book: Book, events: Events) -> Integers:
    """Rows of the events in the order in which they are applied."""
    tier = np.append(book.segments.tier, np.iinfo(np.int64).max)[np.maximum(events.segment, COMMON)]
    keys = (events.due, tier, events.at)
    order = np.lexsort(keys).astype(np.int64)
    same = np.ones(max(len(order) - 1, 0), dtype=np.bool_)
    for key in keys:
        ranked = key[order]
        same &= ranked[1:] == ranked[:-1]
    if not same.any():
        return order
    tied = np.append(same, False) | np.append(False, same)
    group = np.append(0, np.cumsum(~same))
    # Rows mostly come by id already: of equal ones only those that do not are ordered by it.
    ids = events.event_id[order]
    falls = np.zeros(group[-1] + 1, dtype=np.bool_)
    falls[group[1:][same & (ids[1:] < ids[:-1]).astype(np.bool_)]] = True
    tied &= falls[group]
    if not tied.any():
        return order
    rows, group = order[tied], group[tied]
    words = _words(ids[tied])
    order[tied] = rows[
        np.lexsort((*(words[:, column] for column in range(words.shape[1] - 1, -1, -1)), group))
    ]
    return order


def _words(texts: Texts) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    """Texts as rows of numbers that sort as the texts do, eight bytes a number.

    >>> _words(np.array(["b", "a"], dtype=object))[:, 0].argsort().tolist()
    [1, 0]
    """
    try:
        raw = texts.astype(np.bytes_)
    except UnicodeEncodeError:
        raw = np.array([text.encode() for text in texts], dtype=np.bytes_)
    width = -(-max(raw.dtype.itemsize, 1) // 8)
    words = raw.astype(f"S{8 * width}").view(">u8").reshape(len(texts), width)
    return words.astype(np.uint64)


def _reservation_codes(book: Book, events: Events) -> tuple[Integers, int, Integers]:
    """Codes of the book's reservations, how many codes there are, and those of the events' (-1 none)."""
    mine = book.reservations.reservation_id
    named = events.reservation_id != ""
    codes, names = pd.factorize(np.concatenate([mine, events.reservation_id[named]]))
    of_event = np.full(len(events), -1, dtype=np.int64)
    of_event[named] = codes[len(mine) :]
    return codes[: len(mine)].astype(np.int64), len(names), of_event


def _action_codes(book: Book, events: Events) -> tuple[Texts, Integers, Flags]:
    """All action ids, each event's code (-1 without), and which were applied before."""
    codes, names = pd.factorize(events.action_id)
    actions: Texts = np.asarray(names, dtype=object)
    is_applied = np.zeros(len(actions), dtype=np.bool_)
    if book.applied_actions:
        is_applied[:] = [name in book.applied_actions for name in actions]
    return actions, np.where(events.action_id == "", -1, codes).astype(np.int64), is_applied


def _room_for_lines(events: Events, state: kernel.State, segments: int) -> kernel.Lines:
    """Most lines that can come about.

    One per event; a loan may be returned in whole and end, a reservation end; an adjustment may return
    a loan in part and cut every segment.
    """
    adjusts = int((events.operation == kernel.ADJUST).sum())
    most = len(events) + 2 * len(state.loan) + len(state.held) + adjusts * (segments + 1)
    return kernel.Lines(
        np.empty((most, 8), dtype=np.int64), np.empty(most, dtype=np.int64), np.empty((most, 6))
    )


def _outcomes(
    after: Book, events: Events, order: Integers, state: kernel.State, lines: kernel.Lines
) -> Outcomes:
    count = int(state.counts[kernel.N_LINES])
    codes, units = lines.codes[:count], lines.units[:count]
    event = _row_of(codes[:, kernel.EVENT], order)
    operation, reason = codes[:, kernel.OPERATION], codes[:, kernel.REASON]
    told = event >= 0
    loan_id = _named(after.loans.loan_id, codes[:, kernel.LOAN])
    reservation_id = _named(after.reservations.reservation_id, codes[:, kernel.HELD])
    reservation_id[told] = events.reservation_id[event[told]]
    to_segment = np.full(count, COMMON)
    to_segment[told] = events.to_segment[event[told]]
    cause = _row_of(codes[:, kernel.CAUSE], order)
    action_id, parent, related = _actions(after, events, codes, (event, cause), (loan_id, reservation_id))
    return Outcomes(
        operation=operation,
        pool=codes[:, kernel.POOL],
        segment=codes[:, kernel.SEGMENT],
        to_segment=to_segment,
        units=units[:, kernel.ASKED],
        effective_units=units[:, kernel.EFFECTIVE],
        own_units=units[:, kernel.OWN_CHANGE],
        pool_units=units[:, kernel.FREE_CHANGE],
        own_after=units[:, kernel.OWN_AFTER],
        pool_after=units[:, kernel.FREE_AFTER],
        is_accepted=reason < ACCEPTED,
        reason=names_of(reason, REASON_CODES),
        purpose=purposes_of(operation),
        at=lines.at[:count],
        event=event,
        action_id=action_id,
        parent_action_id=parent,
        related_by_action_id=related,
        loan_id=loan_id,
        reservation_id=reservation_id,
    )


def _row_of(turn: Integers, order: Integers) -> Integers:
    """Row of the event that came at a turn, -1 where no event did."""
    return np.append(order, -1)[turn]


def _named(names: Texts, codes: Integers) -> Texts:
    words: Texts = np.append(names, "")[codes]
    return words


def _actions(
    after: Book,
    events: Events,
    codes: Integers,
    rows: tuple[Integers, Integers],
    subject: tuple[Texts, Texts],
) -> tuple[Texts, Texts, Texts]:
    """Own, parent and grouping action of each line; the system's lines get stable ids of their own."""
    event, cause = rows
    action_id, parent = _named(events.action_id, event), _named(events.parent_action_id, event)
    related = action_id.copy()
    loan_id, reservation_id = subject
    ended = (event < 0) & (cause < 0)
    held, loan = codes[ended, kernel.HELD], codes[ended, kernel.LOAN]
    parent[ended] = np.where(
        held >= 0, _named(after.reservations.action_id, held), _named(after.loans.action_id, loan)
    )
    action_id[ended] = "expire/" + np.where(held >= 0, reservation_id[ended], loan_id[ended])
    related[ended] = action_id[ended]
    caused = (event < 0) & (cause >= 0)
    by = _named(events.action_id, cause[caused])
    is_cut = codes[caused, kernel.OPERATION] == kernel.CUT
    cut_of = _named(after.segments.segment_id, codes[caused, kernel.SEGMENT])
    parent[caused], related[caused] = by, by
    action_id[caused] = by + np.where(is_cut, "/cut/" + cut_of, "/return/" + loan_id[caused])
    return action_id, parent, related
