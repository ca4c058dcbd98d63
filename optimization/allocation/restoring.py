"""What the release before published, read back into the arrays of the book.

Also the way from texts and times to integers and back that those tables need. Nothing is changed
here: the book holds exactly what was published.
"""

from __future__ import annotations

from dataclasses import dataclass

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
from optimization.contracts.allocation_tables import ALLOCATION, BORROW_LOAN, SOFT_RESERVATION
from optimization.contracts.table import Table
from optimization.keys import positions

Stamps = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Previous:
    """The state before the cycle: n pools by K segments, the gone ones included.

    `exists` (n): published before. `allocatable` (n): what the formula counted then. `rebalanced_at`
    (n): 0 where never. `rules_hash` (n): of the target that the quotas were made for. `asked_at`
    (n, K): when the segment last asked for units, 0 where never.
    """

    book: Book
    exists: Flags
    allocatable: Numbers
    rebalanced_at: Integers
    rules_hash: Texts
    asked_at: Integers


def as_ns(stamps: pd.Series) -> Integers:
    """Times as nanoseconds since 1970; a missing one is `NEVER`.

    >>> as_ns(pd.Series(pd.to_datetime(["1970-01-01 00:00:01"]))).tolist()
    [1000000000]
    """
    values = pd.to_datetime(stamps).to_numpy(dtype="datetime64[ns]")
    return np.where(np.isnat(values), NEVER, values.astype(np.int64)).astype(np.int64)


def as_stamps(ns: Integers) -> Stamps:
    """The times of integers; `NEVER` is missing.

    >>> as_stamps(np.array([NEVER])).tolist()
    [None]
    """
    missing = np.int64(np.iinfo(np.int64).min)
    return np.where(ns == NEVER, missing, ns).astype("datetime64[ns]")


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
    n, k = len(keys), len(segments)
    allocation = _checked(allocation, ALLOCATION)
    row = positions(allocation, keys)
    column = pd.Index(segments.segment_id).get_indexer(pd.Index(allocation["segment_id"]))
    of_pool = (row >= 0) & (allocation["segment_id"] == POOL).to_numpy()
    of_segment = (row >= 0) & (column >= 0)
    cells = row[of_segment] * k + column[of_segment]

    def spread(name: str) -> Numbers:
        values = np.zeros(n * k)
        values[cells] = allocation[name].to_numpy(np.float64)[of_segment]
        return values.reshape(n, k)

    def pooled(name: str) -> Numbers:
        values = np.zeros(n)
        values[row[of_pool]] = allocation[name].to_numpy(np.float64)[of_pool]
        return values

    exists = np.zeros(n, dtype=np.bool_)
    exists[row[of_pool]] = True
    rebalanced_at = np.zeros(n, dtype=np.int64)
    rules_hash = np.full(n, "", dtype=object)
    if of_pool.any():
        rebalanced_at[row[of_pool]] = as_ns(allocation["rebalanced_at"])[of_pool]
        rules_hash[row[of_pool]] = allocation["rules_hash"].to_numpy(dtype=object)[of_pool]
    pool = pooled("allocated_units")
    book = Book(
        item_id=keys["item_id"].to_numpy(dtype=object),
        location_id=keys["location_id"].to_numpy(dtype=object),
        is_whole=is_whole,
        segments=segments,
        own=spread("allocated_units"),
        consumed=spread("consumed_units"),
        cumulative_allocated=spread("cumulative_allocated_units"),
        cumulative_consumed=spread("cumulative_consumed_units"),
        pool=pool,
        pool_consumed=pooled("consumed_units"),
        pool_cumulative_consumed=pooled("cumulative_consumed_units"),
        pool_at_start=pool.copy(),
        safety=pooled("safety_units"),
        loans=_loans(loan, keys, segments),
        reservations=_reservations(reservation, keys, segments),
        applied_actions=applied_actions,
    )
    asked_at = np.zeros(n * k, dtype=np.int64)
    if of_segment.any():
        asked = as_ns(allocation["quota_asked_at"])[of_segment]
        asked_at[cells] = np.where(asked == NEVER, 0, asked)
    return Previous(
        book, exists, pooled("allocatable_units"), rebalanced_at, rules_hash, asked_at.reshape(n, k)
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
    frame = _checked(frame, table)
    frame = frame[(frame["open_units"].to_numpy(np.float64) > 0)].sort_values(list(order), kind="stable")
    pool = positions(frame, keys)
    segment = pd.Index(segments.segment_id).get_indexer(pd.Index(frame["segment_id"])).astype(np.int64)
    # Those of the common pool itself have no segment; what belongs to no pool is not the book's.
    known = pool >= 0
    return frame[known], pool[known], segment[known]


def _texts(values: pd.Series) -> Texts:
    return values.astype(object).where(values.notna(), "").to_numpy(dtype=object)


def _checked(frame: pd.DataFrame | None, table: Table) -> pd.DataFrame:
    if frame is not None and len(frame):
        return table.validate(frame)
    return pd.DataFrame({name: pd.Series(dtype=object) for name in table.column_names})
