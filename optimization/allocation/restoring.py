"""What the release before published, read back into the arrays of the book.

Nothing is changed here: the book holds exactly what was published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.allocation.book import (
    NEVER,
    POOL,
    Book,
    Flags,
    Integers,
    Loans,
    Numbers,
    Reservations,
    Segments,
    Texts,
)
from optimization.allocation.moments import as_ns
from optimization.allocation.stating import frame_or_empty
from optimization.contracts.allocation_tables import ALLOCATION, BORROW_LOAN, SOFT_RESERVATION
from optimization.contracts.table import Table
from optimization.keys import positions


@dataclass(frozen=True)
class Previous:
    """The state before the cycle: n pools by K segments, the gone ones included.

    `exists` (n): published before. `rebalanced_at` (n): 0 where never. `rules_hash` (n): of the target
    that the quotas were made for. `asked_at` (n, K): when the segment last asked for units, 0 where never.
    """

    book: Book
    exists: Flags
    rebalanced_at: Integers
    rules_hash: Texts
    asked_at: Integers


class Published:
    """Rows of `opt_out__allocation` by n pools (`keys`: item_id, location_id) and K segments.

    What a pool or segment has no row for is `empty`.
    """

    def __init__(self, allocation: pd.DataFrame, keys: pd.DataFrame, segments: Segments) -> None:
        row = positions(allocation, keys)
        column = segments.columns_of(allocation["segment_id"])
        self._frame = allocation
        self._shape = (len(keys), len(segments))
        self._of_segment = (row >= 0) & (column >= 0)
        self._of_pool = (row >= 0) & (allocation["segment_id"] == POOL).to_numpy()
        self._cell = (row[self._of_segment], column[self._of_segment])
        self._row = row[self._of_pool]

    def exists(self) -> Flags:
        """Whether each pool (n) was published."""
        return self.by_pool(np.ones(len(self._frame), dtype=np.bool_), False)

    def by_segment(self, values: npt.NDArray[Any], empty: object) -> npt.NDArray[Any]:
        """`values`, one a row of the table, as (n, K)."""
        told = np.full(self._shape, empty, dtype=values.dtype)
        told[self._cell] = values[self._of_segment]
        return told

    def by_pool(self, values: npt.NDArray[Any], empty: object) -> npt.NDArray[Any]:
        """`values`, one a row of the table, of the common pools (n)."""
        told = np.full(self._shape[0], empty, dtype=values.dtype)
        told[self._row] = values[self._of_pool]
        return told

    def units_by_segment(self, name: str) -> Numbers:
        """A column of units as (n, K)."""
        return self.by_segment(self._frame[name].to_numpy(np.float64), 0.0)

    def units_by_pool(self, name: str) -> Numbers:
        """A column of units of the common pools (n)."""
        return self.by_pool(self._frame[name].to_numpy(np.float64), 0.0)


def former_pools(allocation: pd.DataFrame) -> pd.DataFrame:
    """Keys of the pools that the release before knew."""
    return allocation.loc[(allocation["segment_id"] == POOL).to_numpy(), ["item_id", "location_id"]]


def gone_segments(segment: pd.DataFrame, *published: pd.DataFrame | None) -> list[str]:
    """Segments that the release before published and that are none any more, in id order."""
    before = {str(name) for frame in published if frame is not None for name in frame["segment_id"].unique()}
    return sorted(before - set(segment["segment_id"].astype(str)) - {POOL})


def restore(
    keys: pd.DataFrame,
    is_whole: Flags,
    segments: Segments,
    allocation: pd.DataFrame | None,
    loan: pd.DataFrame | None,
    reservation: pd.DataFrame | None,
    applied_actions: frozenset[str] = frozenset(),
) -> Previous:
    """The book of these pools (item_id, location_id in key order), zero where nothing was published.

    `segments` include the gone ones. Loans and reservations that had ended by then are left behind.
    Raises `ContractError` for a frame not of its table.
    """
    allocation = frame_or_empty(allocation, ALLOCATION)
    told = Published(allocation, keys, segments)
    pool = told.units_by_pool("allocated_units")
    book = Book(
        item_id=keys["item_id"].to_numpy(dtype=object),
        location_id=keys["location_id"].to_numpy(dtype=object),
        is_whole=is_whole,
        segments=segments,
        own=told.units_by_segment("allocated_units"),
        consumed=told.units_by_segment("consumed_units"),
        cumulative_allocated=told.units_by_segment("cumulative_allocated_units"),
        cumulative_consumed=told.units_by_segment("cumulative_consumed_units"),
        pool=pool,
        pool_consumed=told.units_by_pool("consumed_units"),
        pool_cumulative_consumed=told.units_by_pool("cumulative_consumed_units"),
        pool_at_start=pool.copy(),
        safety=told.units_by_pool("safety_units"),
        loans=_loans(loan, keys, segments),
        reservations=_reservations(reservation, keys, segments),
        applied_actions=applied_actions,
    )
    asked_at = as_ns(allocation["quota_asked_at"])
    return Previous(
        book=book,
        exists=told.exists(),
        rebalanced_at=told.by_pool(as_ns(allocation["rebalanced_at"]), 0),
        rules_hash=told.by_pool(allocation["rules_hash"].to_numpy(dtype=object), ""),
        asked_at=told.by_segment(np.where(asked_at == NEVER, 0, asked_at), 0),
    )


def _loans(frame: pd.DataFrame | None, keys: pd.DataFrame, segments: Segments) -> Loans:
    frame, pool, segment = _open(frame, BORROW_LOAN, keys, segments, ("opened_at", "loan_id"))
    return Loans(
        loan_id=frame["loan_id"].to_numpy(dtype=object),
        pool=pool,
        segment=segment,
        opened_at=as_ns(frame["opened_at"]),
        expires_at=as_ns(frame["expires_at"]),
        closed_at=as_ns(frame["closed_at"]),
        units=frame["borrowed_units"].to_numpy(np.float64),
        open_units=frame["open_units"].to_numpy(np.float64),
        returned_units=frame["returned_units"].to_numpy(np.float64),
        expired_units=frame["expired_units"].to_numpy(np.float64),
        repays=frame["borrow_repays"].to_numpy(dtype=np.bool_),
        action_id=frame["action_id"].to_numpy(dtype=object),
        reservation_id=_texts(frame["reservation_id"]),
        is_of_cycle=np.zeros(len(frame), dtype=np.bool_),
    )


def _reservations(frame: pd.DataFrame | None, keys: pd.DataFrame, segments: Segments) -> Reservations:
    frame, pool, segment = _open(frame, SOFT_RESERVATION, keys, segments, ("opened_at", "reservation_id"))
    return Reservations(
        reservation_id=frame["reservation_id"].to_numpy(dtype=object),
        pool=pool,
        segment=segment,
        opened_at=as_ns(frame["opened_at"]),
        expires_at=as_ns(frame["expires_at"]),
        closed_at=as_ns(frame["closed_at"]),
        status=frame["reservation_status"].to_numpy(dtype=object),
        action_id=frame["action_id"].to_numpy(dtype=object),
        **{
            name: frame[name].to_numpy(np.float64)
            for name in (
                "units",
                "own_units",
                "pool_units",
                "open_units",
                "consumed_units",
                "released_units",
                "expired_units",
            )
        },
    )


def _open(
    frame: pd.DataFrame | None,
    table: Table,
    keys: pd.DataFrame,
    segments: Segments,
    order: tuple[str, ...],
) -> tuple[pd.DataFrame, Integers, Integers]:
    """The rows that are still open, in the order in which they began, with pool and segment."""
    frame = frame_or_empty(frame, table)
    frame = frame[(frame["open_units"].to_numpy(np.float64) > 0)].sort_values(list(order), kind="stable")
    pool = positions(frame, keys)
    segment = segments.columns_of(frame["segment_id"])
    # Those of the common pool itself have no segment; what belongs to no pool is not the book's.
    known = pool >= 0
    return frame[known], pool[known], segment[known]


def _texts(values: pd.Series) -> Texts:
    return values.astype(object).where(values.notna(), "").to_numpy(dtype=object)
