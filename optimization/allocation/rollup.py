"""Sums over the hierarchy of segments, for reading only.

A segment's path has one value per level of the hierarchy, the highest first. Every path is a bucket of
its own: `retail` holds what is allocated to `retail` itself, not what its children hold, and stock
moves between the two by a reallocation. Quotas are kept by segment id, so a new version of the
hierarchy renames paths and moves no stock.
"""

from __future__ import annotations

import pandas as pd

from optimization.allocation.book import POOL

_SEPARATOR = "/"
_SUMS = ("allocated_units", "consumed_units", "own_available_units")


def rollup(allocation: pd.DataFrame) -> pd.DataFrame:
    """Sums over the hierarchy: one row per pool, level and path down to that level.

    `allocation`: `opt_out__allocation`. Returns `item_id`, `location_id`, `group_level`, `path_prefix`,
    `segment_count`, `allocated_units`, `consumed_units` and `own_available_units` (available without
    what could be borrowed, which is shared and never summed), sorted by the first four. A segment
    counts on every level that its path reaches; POOL counts on none.
    """
    segments = allocation[(allocation["segment_id"] != POOL).to_numpy()]
    rows = segments[["item_id", "location_id", "segment_path", "allocated_units", "consumed_units"]].assign(
        own_available_units=segments["available_units"] - segments["borrowable_units"]
    )
    by_path = pd.Series(rows["segment_path"].unique(), dtype=object)
    levels = [str(path).split(_SEPARATOR) for path in by_path]
    prefixes = pd.DataFrame(
        [
            (path, level, _SEPARATOR.join(values[: level + 1]))
            for path, values in zip(by_path, levels, strict=True)
            for level in range(len(values))
        ],
        columns=["segment_path", "group_level", "path_prefix"],
    )
    key = ["item_id", "location_id", "group_level", "path_prefix"]
    summed = rows.merge(prefixes, on="segment_path").groupby(key, sort=True)
    return summed.agg(
        segment_count=("segment_path", "size"), **{name: (name, "sum") for name in _SUMS}
    ).reset_index()
