"""What an overlay makes of a release's rows: the fold, what ended, and requested rebalancings."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from optimization.allocation.overlay import Facts, OverlayFrames, apply_since
from optimization.allocation.planning import AllocationFrames, AllocationInputs, allocate
from optimization.parameters import AllocationParameters
from tests.science_frames import (
    AS_OF,
    allocation_event,
    allocation_rule,
    item_location,
    segment,
    segment_demand,
)

NOON = AS_OF + pd.Timedelta(days=1, hours=12)
SEGMENTS = segment([("FLEET", 1, 1.0, 0.0, 1.0), ("WEB", 2, 1.0, 0.0, 1.0)], may_borrow=True)
DEMAND = segment_demand([("L1", "FLEET", 0.0, 6.0), ("L1", "WEB", 0.0, 4.0)])
STOCK = item_location(1, on_hand_units=12.0)


@pytest.fixture(scope="module")
def base() -> AllocationFrames:
    return allocate(AllocationInputs(STOCK, SEGMENTS, DEMAND), AS_OF).frames


def _since(
    base: AllocationFrames, *rows: tuple[str, str | None, float], until: pd.Timestamp = NOON, **columns: Any
) -> OverlayFrames:
    parts = {name: columns.pop(name) for name in ("parameters", "facts") if name in columns}
    at = [NOON - pd.Timedelta(hours=len(rows) - number) for number in range(len(rows))]
    events = allocation_event(list(rows), event_at=at, business_date=NOON.normalize(), **columns)
    state = (base.allocation, base.borrow_loan, base.soft_reservation)
    return apply_since(*state, SEGMENTS, events, until, **parts)


def _units(frames: OverlayFrames, name: str = "allocated_units") -> dict[str, float]:
    return frames.allocation.set_index("segment_id")[name].to_dict()


def test_operations_change_the_state_and_leave_their_lines(base: AllocationFrames) -> None:
    frames = _since(base, ("consume", "WEB", 5.0), ("allocate", "FLEET", 1.0), ("consume", "WEB", 9.0))
    assert _units(frames) == {"FLEET": 7.0, "POOL": 0.0, "WEB": 0.0}
    assert _units(frames, "consumed_units") == {"FLEET": 0.0, "POOL": 0.0, "WEB": 5.0}
    assert set(_units(frames, "allocatable_units").values()) == {12.0}
    assert frames.allocation_entry["entry_status"].tolist() == ["accepted", "accepted", "rejected"]
    assert frames.borrow_loan["open_units"].tolist() == [1.0]
    assert frames.allocation.set_index("segment_id").loc["FLEET", "reason_code"] == "AS_ASKED"
    unchanged = ["rebalanced_at", "rules_hash", "demand_units", "safety_units"]
    pd.testing.assert_frame_equal(frames.allocation[unchanged], base.allocation[unchanged])


def test_nothing_done_is_nothing_changed(base: AllocationFrames) -> None:
    frames = _since(base)
    columns = [name for name in base.allocation.columns if name != "previous_allocated_units"]
    pd.testing.assert_frame_equal(frames.allocation[columns], base.allocation[columns])
    assert not len(frames.allocation_entry)


def test_a_reservation_ends_by_the_time_that_is_asked_for(base: AllocationFrames) -> None:
    end = NOON + pd.Timedelta(hours=1)
    held = {"reservation_id": "R1", "expires_at": end}
    frames = _since(base, ("reserve", "WEB", 3.0), **held)
    assert _units(frames)["WEB"] == 1.0 and _units(frames, "soft_reserved_units")["WEB"] == 3.0
    frames = _since(base, ("reserve", "WEB", 3.0), until=end, **held)
    assert _units(frames)["WEB"] == 4.0
    assert frames.allocation_entry["operation"].tolist() == ["reserve", "expire"]


def test_a_requested_rebalancing_takes_place_where_the_terms_are_known(base: AllocationFrames) -> None:
    moves = (("reallocate", "FLEET", 4.0), ("rebalance", None, 1.0))
    to = {"to_segment_id": ["WEB", None]}
    assert _units(_since(base, *moves, **to)) == {"FLEET": 2.0, "POOL": 2.0, "WEB": 8.0}
    known = Facts(item_location=STOCK, segment_demand=DEMAND)
    frames = _since(base, *moves, **to, parameters=AllocationParameters(), facts=known)
    assert _units(frames) == {"FLEET": 6.0, "POOL": 2.0, "WEB": 4.0}
    row = frames.allocation.iloc[0]
    assert (row["rebalance_trigger"], row["rebalance_decision"]) == ("request", "rebalanced")
    assert row["rebalanced_at"] == NOON
    assert frames.allocation_entry["operation"].tolist() == [
        "reallocate",
        "rebalance",
        "rebalance",
        "rebalance",
    ]
    request = frames.allocation_entry["action_id"].iloc[1]
    assert frames.allocation_entry["parent_action_id"].tolist()[2:] == [request, request]


def test_a_pool_of_a_rule_waits_for_the_plan() -> None:
    rules = allocation_rule([("R1", "FLEET", "fixed", 9.0)])
    made = allocate(AllocationInputs(STOCK, SEGMENTS, DEMAND, allocation_rule=rules), AS_OF).frames
    moves = (("unallocate", "FLEET", 2.0), ("rebalance", None, 1.0))
    without = _since(made, *moves, parameters=AllocationParameters())
    assert _units(without)["FLEET"] == _units(made)["FLEET"] - 2.0  # type: ignore[arg-type]
    known = Facts(STOCK, DEMAND, made.allocation_plan)
    frames = _since(made, *moves, parameters=AllocationParameters(), facts=known)
    assert _units(frames)["FLEET"] == _units(made)["FLEET"]  # type: ignore[arg-type]
    assert set(frames.allocation["rule_id"]) == {"R1"}


def test_a_pool_counts_whole_units_unless_something_says_otherwise(base: AllocationFrames) -> None:
    assert _since(base, ("consume", "WEB", 0.5)).allocation_entry["reason_code"].tolist() == [
        "NOT_WHOLE_UNITS"
    ]
    by_weight = Facts(item_location=item_location(1, is_integer=False))
    frames = _since(base, ("consume", "WEB", 0.5), facts=by_weight)
    assert _units(frames)["WEB"] == 3.5
