"""Moments as integers and back: nanoseconds since 1970 (UTC), `NEVER` for what has no time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.allocation.book import NEVER, Integers

Stamps = npt.NDArray[np.datetime64]


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
