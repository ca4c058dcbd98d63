"""Operations as arrays: from the ledger's events and the order lines, with every key coded.

Nothing is refused here. A key that is not known gets a code that the fold refuses, so that it is told.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from optimization.allocation.book import (
    EVERYWHERE,
    NEVER,
    POOL,
    Book,
    Flags,
    Integers,
    Numbers,
    Segments,
    Texts,
)
from optimization.allocation.moments import as_ns
from optimization.allocation.operations.vocabulary import (
    BROKEN_PREFIX,
    COMMON,
    OTHER_LEVEL,
    UNKNOWN_OPERATION,
    UNKNOWN_POOL,
    UNKNOWN_SEGMENT,
)
from optimization.contracts.allocation_columns import OPERATIONS
from optimization.keys import positions


@dataclass(frozen=True)
class Events:
    """N operations in any order, one row each.

    `pool`, `segment`, `to_segment`: row and column of the book, or a code of `vocabulary` for none.
    `operation`: place in `OPERATIONS`. `at`, `expires_at`, `due`: ns since 1970, `NEVER` where there is
    none. Texts are empty where there is none; `event_id` is unique. `units` nan: none given.
    """

    pool: Integers
    segment: Integers
    to_segment: Integers
    operation: Integers
    units: Numbers
    at: Integers
    expires_at: Integers
    due: Integers
    reservation_id: Texts
    action_id: Texts
    event_id: Texts
    actor: Texts
    audit_type: Texts
    source_id: Texts
    parent_action_id: Texts
    note: Texts

    def __len__(self) -> int:
        return len(self.pool)

    def rows(self, chosen: Any) -> Events:
        """The rows that a mask, slice or order chooses."""
        return Events(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def with_rows_of(self, other: Events) -> Events:
        """These rows, then the other's."""
        names = [field.name for field in fields(self)]
        return Events(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in names))


def stated_events(
    book: Book, events: pd.DataFrame, orders: pd.DataFrame | None, until_ns: int = NEVER
) -> Events:
    """Code the ledger's operations and the order lines for a book.

    `events` has the columns of `ledger__allocation_event`. `orders` has those of
    `opt_in__segment_order`: each line consumes at 00:00 of its order date, with the action id
    `order/<order_id>/<line_id>`, so that who consumed for it before under that id is not counted
    twice. Order lines after `until_ns` are left out; an operation after it stays, to be refused.

    A segment may be named by its path, `channel/customer group/…`. An order line finds the pool of
    its item at `*`; an operation has to name the level on which the item is allocated.
    """
    told = _of_ledger(book, events)
    if orders is None or not len(orders):
        return told
    consumed = _of_orders(book, orders)
    return told.with_rows_of(consumed.rows(consumed.at <= until_ns))


def segment_codes(segments: Segments, named: Texts) -> Integers:
    """Column of each named segment; -1 for none and POOL, -2 unknown, -3 a path with a gap.

    A path with a gap has an empty value above one that is not.
    """
    codes = segments.columns_of(named)
    codes = np.where(codes < 0, UNKNOWN_SEGMENT, codes)
    codes[(named == "") | (named == POOL)] = COMMON
    by_path = {str(path): column for column, path in reversed(list(enumerate(segments.path)))}
    for row in np.flatnonzero(codes == UNKNOWN_SEGMENT):
        name = str(named[row])
        if "" in name.rstrip("/").split("/"):
            codes[row] = BROKEN_PREFIX
        else:
            codes[row] = by_path.get(name.rstrip("/"), UNKNOWN_SEGMENT)
    return codes


def pool_codes(book: Book, items: Texts, locations: Texts) -> Integers:
    """Row of each named pool; -1 unknown, -2 where the item is allocated on the other level."""
    known = pd.DataFrame({"item_id": book.item_id, "location_id": book.location_id})
    asked = pd.DataFrame({"item_id": items, "location_id": locations})
    rows = positions(asked, known)
    is_everywhere = book.location_id == EVERYWHERE
    other = np.where(
        locations == EVERYWHERE,
        _among(items, book.item_id[~is_everywhere]),
        _among(items, book.item_id[is_everywhere]),
    )
    return np.where((rows < 0) & other, OTHER_LEVEL, np.where(rows < 0, UNKNOWN_POOL, rows))


def _among(texts: Texts, known: Texts) -> Flags:
    """Whether each text is a known one, by hashing: numpy compares every pair of objects."""
    return np.asarray(pd.Index(texts).isin(known), dtype=np.bool_)


def _of_ledger(book: Book, events: pd.DataFrame) -> Events:
    operations = pd.Index(OPERATIONS).get_indexer(pd.Index(_texts(events, "operation")))
    event_id = _texts(events, "event_id")
    return Events(
        pool=pool_codes(book, _texts(events, "item_id"), _texts(events, "location_id")),
        segment=segment_codes(book.segments, _texts(events, "segment_id")),
        to_segment=segment_codes(book.segments, _texts(events, "to_segment_id")),
        operation=np.where(operations < 0, UNKNOWN_OPERATION, operations).astype(np.int64),
        units=pd.to_numeric(events["units"], errors="coerce").to_numpy(dtype=np.float64),
        at=_times(events, "event_at"),
        expires_at=_times(events, "expires_at"),
        due=_times(events, "due_date"),
        reservation_id=_texts(events, "reservation_id"),
        action_id=_texts(events, "action_id"),
        event_id=event_id,
        actor=_texts(events, "actor"),
        audit_type=_texts(events, "audit_type"),
        source_id=event_id,
        parent_action_id=_texts(events, "parent_action_id"),
        note=_texts(events, "note"),
    )


def _of_orders(book: Book, orders: pd.DataFrame) -> Events:
    count = len(orders)
    items, locations = _texts(orders, "item_id"), _texts(orders, "location_id")
    is_everywhere = _among(items, book.item_id[book.location_id == EVERYWHERE])
    source: Texts = _texts(orders, "order_id") + "/" + _texts(orders, "line_id")
    nothing, never = _same("", count), np.full(count, NEVER)
    return Events(
        pool=pool_codes(book, items, np.where(is_everywhere, EVERYWHERE, locations)),
        segment=segment_codes(book.segments, _texts(orders, "segment_id")),
        to_segment=np.full(count, COMMON),
        operation=np.full(count, OPERATIONS.index("consume")),
        units=pd.to_numeric(orders["requested_units"], errors="coerce").to_numpy(dtype=np.float64),
        at=_times(orders, "order_date"),
        expires_at=never,
        due=_times(orders, "requested_date"),
        reservation_id=nothing,
        action_id="order/" + source,
        event_id="order/" + source,
        actor=_same("orders", count),
        audit_type=_same("SYSTEM", count),
        source_id=source,
        parent_action_id=nothing,
        note=nothing,
    )


def _same(text: str, count: int) -> Texts:
    return np.full(count, text, dtype=object)


def _texts(frame: pd.DataFrame, name: str) -> Texts:
    """A column as texts, empty where it, or a value of it, is missing."""
    if name not in frame.columns:
        return _same("", len(frame))
    column = frame[name]
    values: Texts = column.astype(object).where(column.notna(), "").to_numpy(dtype=object)
    return values


def _times(frame: pd.DataFrame, name: str) -> Integers:
    """A column as nanoseconds since 1970, `NEVER` where it, or a value of it, is missing."""
    if name not in frame.columns:
        return np.full(len(frame), NEVER)
    return as_ns(frame[name])
