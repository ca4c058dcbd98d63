"""Dates of weekly buckets: those of the history, which end with the business date, and those ahead.

A dated fact (an event, a plan, a driver's value) meets the weekly series here and nowhere else.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]

DAYS_PER_WEEK = 7


def week_starts(as_of: pd.Timestamp, weeks: int, horizon: int = 0) -> Days:
    """First days of `weeks` complete weeks, the newest ending on `as_of`, and of `horizon` more.

    >>> week_starts(pd.Timestamp("2024-06-30"), 2, 1).astype(str).tolist()
    ['2024-06-17', '2024-06-24', '2024-07-01']
    """
    next_day = np.datetime64(as_of.date(), "D") + np.timedelta64(1, "D")
    return np.asarray(next_day + np.arange(-weeks, horizon) * np.timedelta64(DAYS_PER_WEEK, "D"))


def covered_share(starts: Days, first: Days, last: Days) -> Numbers:
    """Share of each week's days that lies between `first` and `last` inclusive, (events, weeks).

    >>> starts = week_starts(pd.Timestamp("2024-06-30"), 2)
    >>> covered_share(starts, np.array(["2024-06-22"], "datetime64[D]"),
    ...     np.array(["2024-06-24"], "datetime64[D]")).round(3).tolist()
    [[0.286, 0.143]]
    """
    begin = starts.astype(np.int64)[None, :]
    from_day = np.maximum(first.astype("datetime64[D]").astype(np.int64)[:, None], begin)
    to_day = np.minimum(last.astype("datetime64[D]").astype(np.int64)[:, None], begin + DAYS_PER_WEEK - 1)
    return np.asarray(np.maximum(to_day - from_day + 1, 0) / DAYS_PER_WEEK, dtype=np.float64)


def days_of(dates: pd.Series) -> Days:
    """Dates of a column as whole days."""
    return np.asarray(dates.to_numpy(dtype="datetime64[D]"))
