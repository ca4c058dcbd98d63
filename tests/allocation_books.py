"""Small books of pools and segments for the tests of operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd

from optimization.allocation.book import Book, Loans, Reservations, Segments

DAY = pd.Timestamp("2024-03-01")
MINUTE_NS = 60_000_000_000
END_NS = (DAY + pd.Timedelta(days=40)).value

_TEXTS = {"loan_id", "action_id", "reservation_id", "status"}
_INTEGERS = {"pool", "segment", "opened_at", "expires_at", "closed_at"}
_FLAGS = {"repays", "is_of_cycle"}


def texts(*values: str) -> np.ndarray:
    return np.array(values, dtype=object)


def rows(of: type, **columns: Sequence[Any]) -> Any:
    """Loans or Reservations from their columns; without any, no rows."""

    def dtype(name: str) -> Any:
        if name in _TEXTS:
            return object
        return np.int64 if name in _INTEGERS else np.bool_ if name in _FLAGS else np.float64

    return of(*(np.array(columns.get(field.name, []), dtype=dtype(field.name)) for field in fields(of)))


def segments(terms: Mapping[str, Mapping[str, Any]]) -> Segments:
    """Segments in id order; what a term leaves out is: tier 1, borrows without limit, repays."""
    names = sorted(terms)

    def column(name: str, default: Any, dtype: Any) -> np.ndarray:
        return np.array([terms[segment].get(name, default) for segment in names], dtype=dtype)

    return Segments(
        segment_id=texts(*names),
        path=texts(*(terms[name].get("path", name) for name in names)),
        tier=column("tier", 1, np.int64),
        fair_weight=column("fair_weight", 1.0, np.float64),
        ring_fence_share=column("ring_fence_share", 0.0, np.float64),
        cap_share=column("cap_share", 1.0, np.float64),
        may_borrow=column("may_borrow", True, np.bool_),
        borrow_ratio=column("borrow_ratio", 1.0, np.float64),
        borrow_cap_units=column("borrow_cap_units", np.inf, np.float64),
        borrow_days=column("borrow_days", -1, np.int64),
        borrow_repays=column("borrow_repays", True, np.bool_),
    )


def book(
    terms: Mapping[str, Mapping[str, Any]],
    own: Sequence[Sequence[float]],
    pool: Sequence[float],
    *,
    safety: float = 0.0,
    is_whole: Sequence[bool] | None = None,
    keys: Sequence[tuple[str, str]] | None = None,
) -> Book:
    """A book at the start of a cycle, without loans or reservations; `own` by pool in id order."""
    n, k = len(pool), len(terms)
    keys = keys or [("item", f"L{row}") for row in range(n)]
    zeros = np.zeros((n, k))
    return Book(
        item_id=texts(*(item for item, _ in keys)),
        location_id=texts(*(location for _, location in keys)),
        is_whole=np.array(is_whole if is_whole is not None else [True] * n),
        segments=segments(terms),
        own=np.array(own, dtype=np.float64).reshape(n, k),
        consumed=zeros.copy(),
        cumulative_allocated=zeros.copy(),
        cumulative_consumed=zeros.copy(),
        pool=np.array(pool, dtype=np.float64),
        pool_consumed=np.zeros(n),
        pool_cumulative_consumed=np.zeros(n),
        pool_at_start=np.array(pool, dtype=np.float64),
        safety=np.full(n, safety),
        loans=rows(Loans),
        reservations=rows(Reservations),
    )


def told(*operations: Mapping[str, Any]) -> pd.DataFrame:
    """Ledger events: `minute` after the day's start, units 1 and place item/L0 unless said."""
    made = []
    for number, operation in enumerate(operations, 1):
        row = {
            "event_id": f"e{number:04d}",
            "ledger_seq": number,
            "business_date": DAY,
            "item_id": "item",
            "location_id": "L0",
            "units": 1.0,
            "actor": "ann",
            "audit_type": "USER",
            "action_id": f"a{number:04d}",
            **operation,
        }
        row["event_at"] = DAY + pd.Timedelta(minutes=row.pop("minute", number))
        if "until" in row:
            row["expires_at"] = DAY + pd.Timedelta(minutes=row.pop("until"))
        made.append(row)
    return pd.DataFrame(made)
