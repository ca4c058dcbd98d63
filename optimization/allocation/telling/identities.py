"""Ids of lines that are the same whenever the same thing is told again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from optimization.allocation.book import Texts

_HASH_KEY = "stockplan-entry\0"


def line_ids(prefix: str, content: Mapping[str, Sequence[object] | Texts]) -> Texts:
    """An id per row of these columns; equal rows are told apart by their order.

    >>> first, second, other = line_ids("E", {"item": ["I1", "I1", "I2"]}).tolist()
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


def _hashes(frame: pd.DataFrame) -> np.ndarray:  # type: ignore[type-arg]
    return pd.util.hash_pandas_object(frame, index=False, hash_key=_HASH_KEY).to_numpy()
