"""The hierarchy of segments: what their paths say, sums over it, and pools at two levels at once.

A segment's path has one value per level of the hierarchy, the highest first, at most eight, none left
out. Every path is a bucket of its own: `retail` holds what is allocated to `retail` itself, not what
its children hold, and stock moves between the two by a reallocation. Sums over children are made
here, for reading only. Quotas are kept by segment id, so a new version of the hierarchy renames
paths and moves no stock.
"""

from __future__ import annotations

import pandas as pd

from optimization.allocation.book import EVERYWHERE, POOL
from optimization.errors import ContractError

MOST_LEVELS = 8
GROUPS = tuple(f"group_{level}" for level in range(MOST_LEVELS))
_SEPARATOR = "/"
_SUMS = ("allocated_units", "consumed_units", "own_available_units")


def parent_path(path: str) -> str:
    """Path of the bucket one level up; "" above the highest.

    >>> parent_path("retail/north/fleet"), parent_path("retail")
    ('retail/north', '')
    """
    return path.rpartition(_SEPARATOR)[0]


def segment_paths(segment: pd.DataFrame) -> pd.DataFrame:
    """`segment_id`, `segment_path`, `group_depth` and `group_0` to `group_7` of `opt_in__segment`.

    Levels below the segment's own are null. Raises `ContractError` that names every segment whose
    path leaves a level out, has more than eight, or is another segment's as well.

    >>> rows = pd.DataFrame({"segment_id": ["S"], "segment_path": ["retail/north"]})
    >>> segment_paths(rows)[["group_depth", "group_0", "group_1"]].values.tolist()
    [[2, 'retail', 'north']]
    """
    values = [str(path).split(_SEPARATOR) for path in segment["segment_path"]]
    faults, taken = [], dict[str, str]()
    for name, path, levels in zip(segment["segment_id"], segment["segment_path"], values, strict=True):
        if not all(level.strip() for level in levels):
            faults.append(
                f"segment {name}: path {path!r} leaves out a level; give all values above the lowest"
            )
        if len(levels) > MOST_LEVELS:
            faults.append(
                f"segment {name}: path {path!r} has {len(levels)} levels; {MOST_LEVELS} are possible"
            )
        if path in taken:
            faults.append(f"segment {name}: path {path!r} is that of {taken[path]}; give each its own")
        taken.setdefault(path, name)
    if faults:
        raise ContractError("opt_in__segment breaks the hierarchy of groups:\n  " + "\n  ".join(faults))
    return pd.DataFrame(
        {
            "segment_id": segment["segment_id"].to_numpy(dtype=object),
            "segment_path": segment["segment_path"].to_numpy(dtype=object),
            "group_depth": [len(levels) for levels in values],
            **{
                name: pd.Series(
                    [levels[level] if level < len(levels) else None for levels in values], dtype=object
                )
                for level, name in enumerate(GROUPS)
            },
        }
    )


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


def dimension_level_breaks(pools: pd.DataFrame) -> pd.DataFrame:
    """Items that have a pool for all locations together and pools of single locations as well.

    `pools`: `item_id` and `location_id` (`*`: all). The same unit would stand in two pools. Returns
    `item_id` and `location_count`, the single locations, sorted by item.

    >>> dimension_level_breaks(pd.DataFrame({"item_id": ["A", "A", "B"], "location_id": ["*", "L", "L"]}))
      item_id  location_count
    0       A               1
    """
    is_everywhere = (pools["location_id"] == EVERYWHERE).to_numpy()
    both = pools[pools["item_id"].isin(pools.loc[is_everywhere, "item_id"]).to_numpy() & ~is_everywhere]
    counts = both.groupby("item_id", sort=True)["location_id"].nunique()
    return counts.rename("location_count").reset_index()
