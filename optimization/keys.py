"""Finding the row of an item-location: the one join that every room needs, vectorised."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Integers = npt.NDArray[np.int64]


def positions(frame: pd.DataFrame, reference: pd.DataFrame, location: str = "location_id") -> Integers:
    """Row number in `reference` of each row's (`item_id`, `location`), or -1 where there is none.

    `reference` has `item_id` and `location_id`, unique together.

    >>> a = pd.DataFrame({"item_id": ["x", "y"], "location_id": ["1", "1"]})
    >>> b = pd.DataFrame({"item_id": ["y", "z"], "location_id": ["1", "1"]})
    >>> positions(b, a).tolist()
    [1, -1]
    """
    items = pd.Index(reference["item_id"].unique())
    locations = pd.Index(reference["location_id"].unique())
    width = max(len(locations), 1)
    known = items.get_indexer(reference["item_id"]) * width + locations.get_indexer(reference["location_id"])
    order = np.argsort(known, kind="stable")
    item, place = items.get_indexer(frame["item_id"]), locations.get_indexer(frame[location])
    wanted = np.where((item < 0) | (place < 0), -1, item.astype(np.int64) * width + place)
    if not len(known):
        return np.full(len(frame), -1, dtype=np.int64)
    found = np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)
    row = order[found]
    return np.where((wanted >= 0) & (known[row] == wanted), row, -1).astype(np.int64)


def known_positions(item_location: pd.DataFrame, frame: pd.DataFrame, name: str) -> Integers:
    """Row number in `frame` of each item-location; `name` is its table.

    Raises `KeyError` where the table lacks one.
    """
    row = positions(item_location, frame)
    if (row < 0).any():
        first = item_location.iloc[int(np.flatnonzero(row < 0)[0])]
        raise KeyError(
            f"{name} lacks item {first['item_id']!r} at {first['location_id']!r}; "
            "compute it from the same opt_in__item_location"
        )
    return row


def sorted_by_key(frame: pd.DataFrame, key: tuple[str, ...] = ("item_id", "location_id")) -> pd.DataFrame:
    """Rows in key order with a fresh index, so that no result hangs on the order of the input."""
    return frame.sort_values(list(key), kind="stable", ignore_index=True)
