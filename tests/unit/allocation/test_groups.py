"""The hierarchy: paths, sums over levels, items with pools at two levels."""

from __future__ import annotations

import pandas as pd
import pytest

from optimization.allocation.groups import dimension_level_breaks, parent_path, rollup, segment_paths
from optimization.errors import ContractError


def paths(*values: str) -> pd.DataFrame:
    return pd.DataFrame({"segment_id": [f"S{row}" for row in range(len(values))], "segment_path": values})


def test_eight_levels_are_read_and_missing_ones_are_null() -> None:
    deep = "/".join("abcdefgh")
    told = segment_paths(paths(deep, "web"))

    assert told["group_depth"].tolist() == [8, 1]
    assert told.loc[0, [f"group_{level}" for level in range(8)]].tolist() == list("abcdefgh")
    assert told.loc[1, "group_1":].isna().all()
    assert parent_path(deep) == "a/b/c/d/e/f/g"


def test_every_broken_path_is_told_with_its_segment() -> None:
    with pytest.raises(ContractError) as told:
        segment_paths(paths("dealer//vip", "a/b/c/d/e/f/g/h/i", "web", "web"))

    message = str(told.value)
    assert "segment S0: path 'dealer//vip' leaves out a level; give all values above the lowest" in message
    assert "segment S1: path 'a/b/c/d/e/f/g/h/i' has 9 levels; 8 are possible" in message
    assert "segment S3: path 'web' is that of S2; give each its own" in message


def test_a_parent_is_a_bucket_of_its_own_and_its_roll_up_holds_its_children() -> None:
    allocation = pd.DataFrame(
        [
            ("I", "L", "A", "retail", 5.0, 1.0, 9.0, 4.0),
            ("I", "L", "B", "retail/north", 3.0, 2.0, 3.0, 0.0),
            ("I", "L", "C", "fleet/north", 2.0, 0.0, 2.0, 0.0),
            ("I", "L", "POOL", "POOL", 90.0, 0.0, 90.0, 0.0),
        ],
        columns=[
            "item_id",
            "location_id",
            "segment_id",
            "segment_path",
            "allocated_units",
            "consumed_units",
            "available_units",
            "borrowable_units",
        ],
    )
    told = rollup(allocation)

    assert told.drop(columns=["item_id", "location_id"]).to_numpy().tolist() == [
        [0, "fleet", 1, 2.0, 0.0, 2.0],
        [0, "retail", 2, 8.0, 3.0, 8.0],
        [1, "fleet/north", 1, 2.0, 0.0, 2.0],
        [1, "retail/north", 1, 3.0, 2.0, 3.0],
    ]


def test_an_item_has_one_pool_for_all_locations_or_one_for_each() -> None:
    pools = pd.DataFrame(
        [("B", "L1"), ("B", "*"), ("B", "L2"), ("A", "L1"), ("A", "L2"), ("C", "*")],
        columns=["item_id", "location_id"],
    )

    assert dimension_level_breaks(pools).to_numpy().tolist() == [["B", 2]]
    assert not len(dimension_level_breaks(pools.iloc[3:]))
