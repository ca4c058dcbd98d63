"""The day's allocation on small cases: what a segment wants, and rows that cannot be believed."""

from __future__ import annotations

import numpy as np

from optimization.allocation.planning import allocate_segments
from tests.science_frames import item_location, segment, segment_demand

SEGMENTS = segment([("FLEET", 1, 1.0, 0.0, 1.0), ("RETAIL", 2, 1.0, 0.2, 1.0), ("WEB", 2, 1.0, 0.0, 1.0)])


def test_recent_demand_counts_for_the_protection_interval() -> None:
    items = item_location(1, on_hand_units=50.0)  # lead time 14 + review 7 days
    demand = segment_demand([("L1", "WEB", 90.0, 1.0)])
    frame = allocate_segments(items, SEGMENTS, demand).allocation.set_index("segment_id")
    assert frame.loc["WEB", "demand_units"] == np.ceil(1.0 + 90.0 * 21 / 180)


def test_an_implausible_row_allocates_nothing_and_costs_only_itself() -> None:
    items = item_location(2, on_hand_units=[np.nan, 10.0], inventory_position_units=5.0)
    demand = segment_demand([("L1", "WEB", 0.0, 3.0), ("L2", "WEB", 0.0, 3.0)])
    frame = allocate_segments(items, SEGMENTS, demand).allocation.set_index(["location_id", "segment_id"])
    assert frame.loc[("L1", "WEB"), "allocated_units"] == 0.0
    assert frame.loc[("L1", "WEB"), "status"] == "QUARANTINED"
    assert frame.loc[("L2", "WEB"), "allocated_units"] == 3.0
