"""What counts as asking for a quota, and that an overlay keeps to what went back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from optimization.allocation.operations.events import stated_events
from optimization.allocation.operations.fold import fold
from optimization.allocation.overlay import Facts, OverlayFrames, apply_since
from optimization.allocation.planning import AllocationInputs, allocate
from optimization.allocation.rebalancing.unused import last_asked
from optimization.parameters import AllocationParameters
from tests.allocation_books import DAY, END_NS, MINUTE_NS, book, told
from tests.science_frames import (
    AS_OF,
    allocation_event,
    allocation_rule,
    item_location,
    segment,
    segment_demand,
)

PARAMETERS = AllocationParameters(interval_hours=0.0, band_units=1000.0)
SEGMENTS = segment(
    [("FLEET", 1, 1.0, 0.0, 1.0), ("WEB", 2, 1.0, 0.0, 1.0)], may_borrow=True, release_after_days=3
)
STOCK = item_location(1, on_hand_units=12.0)
DEMAND = segment_demand([("L1", "FLEET", 0.0, 0.0), ("L1", "WEB", 0.0, 1.0)])


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"operation": "consume", "segment_id": "B"}, (0, 7)),
        ({"operation": "consume", "segment_id": "B", "units": 99.0}, (0, 7)),
        ({"operation": "consume"}, (0, 0)),
        ({"operation": "allocate", "segment_id": "A"}, (7, 0)),
        ({"operation": "allocate", "segment_id": "A", "units": 99.0}, (0, 0)),
        ({"operation": "unallocate", "segment_id": "A"}, (0, 0)),
        ({"operation": "reallocate", "segment_id": "A", "to_segment_id": "B"}, (0, 7)),
        ({"operation": "consume", "segment_id": "B", "item_id": "another"}, (0, 0)),
    ],
)
def test_asking_and_being_given_begin_the_days_anew_and_losing_does_not(
    operation: dict[str, object], expected: tuple[int, int]
) -> None:
    start = book({"A": {}, "B": {"may_borrow": False}}, [[5, 5]], [5])
    done = fold(start, stated_events(start, told({"minute": 7, **operation}), None), END_NS)
    asked = last_asked(np.zeros((1, 2), dtype=np.int64), done.outcomes)[0]
    minutes = np.where(asked > 0, (asked - DAY.value) // MINUTE_NS, 0)
    assert tuple(minutes.tolist()) == expected


def _overlay(*rows: tuple[str, str | None, float]) -> OverlayFrames:
    """Operations on the fourth day, after WEB's quota of 5 went back but for its one open order."""
    rules = allocation_rule([("R1", "FLEET", "fixed", 2.0), ("R1", "WEB", "fixed", 5.0)])
    inputs = AllocationInputs(STOCK, SEGMENTS, DEMAND, allocation_rule=rules)
    first = allocate(inputs, AS_OF, PARAMETERS).frames
    fourth = AS_OF + pd.Timedelta(days=3)
    inputs = replace(
        inputs,
        previous_allocation=first.allocation,
        previous_loan=first.borrow_loan,
        previous_reservation=first.soft_reservation,
        previous_as_of=AS_OF,
    )
    made = allocate(inputs, fourth, PARAMETERS).frames
    assert made.allocation.set_index("segment_id")["allocated_units"].to_dict() == {
        "FLEET": 0.0,
        "POOL": 11.0,
        "WEB": 1.0,
    }
    next_day = fourth + pd.Timedelta(days=1)
    at = [next_day + pd.Timedelta(hours=1 + number) for number in range(len(rows))]
    events = allocation_event(list(rows), event_at=at, business_date=next_day)
    state = (made.allocation, made.borrow_loan, made.soft_reservation)
    known = Facts(STOCK, DEMAND, made.allocation_plan)
    return apply_since(*state, SEGMENTS, events, next_day + pd.Timedelta(hours=12), PARAMETERS, known)


def test_a_rebalancing_that_was_asked_for_gives_no_unused_quota_back() -> None:
    units = _overlay(("rebalance", None, 1.0)).allocation.set_index("segment_id")["allocated_units"]
    assert units.to_dict() == {"FLEET": 0.0, "POOL": 11.0, "WEB": 1.0}


def test_who_asks_again_has_the_quota_again_with_the_next_rebalancing() -> None:
    frames = _overlay(("consume", "FLEET", 1.0), ("rebalance", None, 1.0))
    shares = frames.allocation.set_index("segment_id")
    assert shares.loc["WEB", "allocated_units"] == 1.0
    # two units by the rule, of which one returns the loan
    assert shares.loc["FLEET", "allocated_units"] == 1.0
    assert frames.borrow_loan["returned_units"].tolist() == [1.0]
    assert shares.loc["FLEET", "quota_asked_at"].normalize() == AS_OF + pd.Timedelta(days=4)
