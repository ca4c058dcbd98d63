"""Age of stock and its buckets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date


def age_days(as_of: date, received: date | None) -> int | None:
    """Days since the first receipt into the network; a unit received today is 0 days old.

    >>> age_days(date(2026, 3, 31), date(2026, 3, 1))
    30
    """
    return None if received is None else (as_of - received).days


def age_bucket(age: int | None, edges: Sequence[int]) -> str:
    """Name of the bucket of an age; each edge is the last day of its bucket.

    >>> [age_bucket(days, [30, 60]) for days in (30, 31, 61, None)]
    ['0-30', '31-60', '61+', 'unknown']
    """
    if age is None:
        return "unknown"
    start = 0
    for edge in edges:
        if age <= edge:
            return f"{start}-{edge}"
        start = edge + 1
    return f"{start}+"
