"""Sums over the hierarchy of segments."""

from __future__ import annotations

import pandas as pd

from optimization.allocation.rollup import rollup


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
