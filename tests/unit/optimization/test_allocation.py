"""Allocation on small cases: order of claims, whole units, reasons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimization.allocation import planning
from optimization.allocation.planning import allocate_segments
from optimization.errors import AuditError
from tests.science_frames import item_location, segment, segment_demand

SEGMENTS = segment([("FLEET", 1, 1.0, 0.0, 1.0), ("RETAIL", 2, 1.0, 0.2, 1.0), ("WEB", 2, 1.0, 0.0, 1.0)])


def _allocate(
    open_units: dict[str, float], on_hand: float = 10.0, segments: pd.DataFrame = SEGMENTS, **columns: object
) -> pd.DataFrame:
    demand = segment_demand([("L1", name, 0.0, units) for name, units in open_units.items()])
    plan = allocate_segments(item_location(1, on_hand_units=on_hand, **columns), segments, demand)
    return plan.allocation.set_index("segment_id")


def test_guarantees_come_before_tiers_and_tiers_before_the_rest() -> None:
    frame = _allocate({"FLEET": 9.0, "RETAIL": 5.0, "WEB": 5.0})
    assert frame["allocated_units"].to_dict() == {"FLEET": 8.0, "POOL": 0.0, "RETAIL": 2.0, "WEB": 0.0}
    assert frame["reason_code"].to_dict() == {
        "FLEET": "FAIR_SHARE",
        "POOL": "POOL_REST",
        "RETAIL": "GUARANTEE",
        "WEB": "TIER_SHORT",
    }


def test_a_tier_is_shared_by_weighted_demand_in_whole_units() -> None:
    frame = _allocate({"RETAIL": 8.0, "WEB": 4.0}, on_hand=9.0)
    assert frame.loc[["RETAIL", "WEB"], "allocated_units"].tolist() == [6.0, 3.0]


def test_what_nobody_wants_stays_in_the_pool() -> None:
    frame = _allocate({"WEB": 3.0})
    assert frame["allocated_units"].to_dict() == {"POOL": 7.0, "WEB": 3.0}
    assert frame.loc["WEB", "reason_code"] == "DEMAND_MET"


def test_reserved_units_are_not_shared_and_a_cap_is_kept() -> None:
    capped = segment([("WEB", 1, 1.0, 0.0, 0.5)])
    frame = _allocate({"WEB": 9.0}, reserved_units=2.0, segments=capped)
    assert frame["allocated_units"].to_dict() == {"POOL": 4.0, "WEB": 4.0}
    assert frame.loc["WEB", "reason_code"] == "CAP_BINDS"


def test_guarantees_beyond_the_supply_are_scaled_and_said_so() -> None:
    greedy = segment([("A", 1, 1.0, 0.8, 1.0), ("B", 1, 1.0, 0.8, 1.0)])
    frame = _allocate({"A": 10.0, "B": 10.0}, segments=greedy)
    assert frame["allocated_units"].to_dict() == {"A": 5.0, "B": 5.0, "POOL": 0.0}
    assert set(frame.loc[["A", "B"], "reason_code"]) == {"RINGFENCE_SHORT"}


def test_recent_demand_counts_for_the_protection_interval() -> None:
    items = item_location(1, on_hand_units=50.0)  # lead time 14 + review 7 days
    demand = segment_demand([("L1", "WEB", 90.0, 1.0)])
    frame = allocate_segments(items, SEGMENTS, demand).allocation.set_index("segment_id")
    assert frame.loc["WEB", "demand_units"] == np.ceil(1.0 + 90.0 * 21 / 180)


def test_the_model_checks_the_closed_form_and_says_so() -> None:
    items = item_location(3, on_hand_units=[10.0, 4.0, 7.0])
    demand = segment_demand(
        [(f"L{n}", name, 0.0, 6.0) for n in (1, 2, 3) for name in ("FLEET", "RETAIL", "WEB")]
    )
    runs = allocate_segments(items, SEGMENTS, demand).solver_run
    assert runs["batch_id"].tolist() == ["closed_form", "checked-00000"]
    assert runs.loc[1, "column_count"] > 0
    assert runs["max_violation"].max() <= 1e-6


def test_a_closed_form_that_disagrees_with_the_model_is_not_published(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = planning.share_out

    def unfair(pools: planning.Pools, whole: bool = True) -> np.ndarray:
        shares = real(pools, whole)
        return shares if whole else shares[:, ::-1]

    monkeypatch.setattr(planning, "share_out", unfair)
    with pytest.raises(AuditError, match="model and closed form"):
        _allocate({"FLEET": 9.0, "RETAIL": 5.0, "WEB": 5.0})


def test_an_implausible_row_allocates_nothing_and_costs_only_itself() -> None:
    items = item_location(2, on_hand_units=[np.nan, 10.0], inventory_position_units=5.0)
    demand = segment_demand([("L1", "WEB", 0.0, 3.0), ("L2", "WEB", 0.0, 3.0)])
    frame = allocate_segments(items, SEGMENTS, demand).allocation.set_index(["location_id", "segment_id"])
    assert frame.loc[("L1", "WEB"), "allocated_units"] == 0.0
    assert frame.loc[("L1", "WEB"), "status"] == "QUARANTINED"
    assert frame.loc[("L2", "WEB"), "allocated_units"] == 3.0
