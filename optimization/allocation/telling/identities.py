"""Ids of lines that are the same whenever the same thing is told again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.allocation.book import Texts

_HASH_KEY = "stockplan-entry\0"


def line_ids(prefix: str, content: Mapping[str, Texts]) -> Texts:
    """An id per row of these columns; equal rows are told apart by their order.

    >>> first, second, other = line_ids("E", {"item": np.array(["I1", "I1", "I2"], dtype=object)}).tolist()
    >>> first[:1], first == second, first == other
    ('E', False, False)
    """
    columns = {name: pd.Series(values, dtype=object).astype(str) for name, values in content.items()}
    frame = pd.DataFrame(columns)
    if not len(frame):
        return np.zeros(0, dtype=object)
    once = _hashes(frame)
    again = pd.Series(once).groupby(once).cumcount()
    hashes = _hashes(frame.assign(again=again.astype(str))) if again.any() else once
    return np.array([f"{prefix}{value:016x}" for value in hashes.tolist()], dtype=object)


def _hashes(frame: pd.DataFrame) -> npt.NDArray[np.uint64]:
    hashes = pd.util.hash_pandas_object(frame, index=False, hash_key=_HASH_KEY)
    return np.asarray(hashes, dtype=np.uint64)
