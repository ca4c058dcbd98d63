"""Cycles of several days on random stock, demand, orders and operations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.allocation.auditing import replayed
from optimization.allocation.planning import AllocationFrames, AllocationInputs, allocate
from optimization.contracts.table import Table
from optimization.parameters import AllocationParameters
from tests.science_frames import (
    AS_OF,
    allocation_event,
    item_location,
    segment,
    segment_demand,
    segment_order,
)

DAY = pd.Timedelta(days=1)
PLACES = ("L1", "L2", "L3")
NAMES = ("A", "B", "C")
SEGMENTS = segment(
    [("A", 1, 1.0, 0.1, 1.0), ("B", 2, 1.0, 0.0, 0.6), ("C", 2, 2.0, 0.0, 1.0)],
    may_borrow=[False, True, True],
    borrow_ratio=[0.0, 0.5, 1.0],
    borrow_days=[None, 2, None],
)
PARAMETERS = AllocationParameters(checked_pools=0, interval_hours=48.0, min_benefit=0.0)
OPERATIONS = ("allocate", "unallocate", "reallocate", "consume", "reserve", "release", "adjust", "rebalance")

units = st.integers(0, 12)


@pytest.fixture(autouse=True, scope="module")
def _contracts_are_not_checked_here() -> Iterator[None]:
    # The door's own tests check them; here they would cost ten times what the cycles do.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Table, "validate", lambda self, frame: frame.loc[:, list(self.column_names)])
        yield


@st.composite
def days(draw: st.DrawFn) -> AllocationInputs:
    """One day's inputs without its date: stock, demand, orders and operations of three places."""
    ranged = draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3, unique=True))
    stock = item_location(
        len(ranged),
        location_id=ranged,
        on_hand_units=[float(draw(st.integers(0, 30))) for _ in ranged],
    )
    demand = segment_demand([(place, name, 0.0, float(draw(units))) for place in ranged for name in NAMES])
    orders = draw(
        st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from((*NAMES, "POOL")), units), max_size=4)
    )
    done = draw(
        st.lists(
            st.tuples(
                st.sampled_from(OPERATIONS),
                st.sampled_from(PLACES),
                st.sampled_from(NAMES),
                st.sampled_from(NAMES),
                st.integers(-3, 12),
                st.sampled_from(["R1", "R2"]),
                st.integers(0, 60),
            ),
            max_size=6,
        )
    )
    gone = draw(st.sampled_from([(), (), (), ("C",)]))
    return AllocationInputs(
        item_location=stock,
        segment=SEGMENTS[~SEGMENTS["segment_id"].isin(gone)].reset_index(drop=True),
        segment_demand=demand,
        segment_order=segment_order(
            [(f"O{number}", place, name, float(many)) for number, (place, name, many) in enumerate(orders)]
        ),
        event=allocation_event(
            [(operation, name, float(many)) for operation, _, name, _, many, _, _ in done],
            location_id=[place for _, place, *_ in done],
            to_segment_id=[other for _, _, _, other, *_ in done],
            reservation_id=[held for *_, held, _ in done],
            expires_at=[AS_OF + pd.Timedelta(hours=hours) for *_, hours in done],
        ),
    )


def _dated(inputs: AllocationInputs, number: int, frames: AllocationFrames | None) -> AllocationInputs:
    """The inputs as those of day `number`, on the state before."""
    as_of = AS_OF + number * DAY
    assert inputs.event is not None and inputs.segment_order is not None
    event = inputs.event.assign(
        event_at=as_of + pd.to_timedelta(np.arange(len(inputs.event)), unit="h"),
        expires_at=inputs.event["expires_at"] + number * DAY,
        business_date=as_of,
        **{name: f"D{number}-" + inputs.event[name].astype(object) for name in ("event_id", "action_id")},
    )
    return replace(
        inputs,
        event=event,
        segment_order=inputs.segment_order.assign(
            order_date=as_of, order_id=f"D{number}-" + inputs.segment_order["order_id"].astype(object)
        ),
        previous_allocation=None if frames is None else frames.allocation,
        previous_loan=None if frames is None else frames.borrow_loan,
        previous_reservation=None if frames is None else frames.soft_reservation,
        previous_as_of=None if frames is None else as_of - DAY,
    )


@given(st.lists(days(), min_size=2, max_size=4))
@settings(max_examples=12, deadline=None)
def test_stock_is_conserved_and_the_lines_lead_to_the_state_day_after_day(
    given_days: list[AllocationInputs],
) -> None:
    frames = None
    for number, inputs in enumerate(given_days):
        before = frames
        frames = allocate(_dated(inputs, number, frames), AS_OF + number * DAY, PARAMETERS).frames
        state = frames.allocation
        on_hand = inputs.item_location.set_index("location_id")["on_hand_units"]
        held = state["allocated_units"] + state["soft_reserved_units"]
        held = held.groupby(state["location_id"]).sum()
        assert (held == on_hand.reindex(held.index)).all()
        assert (on_hand.drop(held.index, errors="ignore") == 0).all()
        assert (state["allocated_units"] >= 0).all() and (state["allocated_units"] % 1 == 0).all()
        after = replayed(None if before is None else before.allocation, frames.allocation_entry)
        told = state.set_index(["item_id", "location_id", "segment_id"])["allocated_units"]
        assert (after.reindex(told.index, fill_value=0.0) == told).all()
        open_loans = frames.borrow_loan["open_units"].to_numpy()
        assert (state["borrowed_units"].sum() == open_loans.sum()) and (open_loans >= 0).all()
        assert frames.rebalance_run["pool_count"].sum() == (state["segment_id"] == "POOL").sum()


@given(st.lists(days(), min_size=2, max_size=2), st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_neither_a_second_run_nor_the_order_of_rows_changes_anything(
    given_days: list[AllocationInputs], chance: object
) -> None:
    first = allocate(_dated(given_days[0], 0, None), AS_OF, PARAMETERS).frames
    inputs = _dated(given_days[1], 1, first)
    once = allocate(inputs, AS_OF + DAY, PARAMETERS).frames
    shuffled = replace(
        inputs,
        **{
            each.name: value.sample(frac=1.0, random_state=chance.randrange(1000)).reset_index(drop=True)  # type: ignore[attr-defined]
            for each in fields(inputs)
            if isinstance(value := getattr(inputs, each.name), pd.DataFrame) and len(value)
        },
    )
    again = allocate(shuffled, AS_OF + DAY, PARAMETERS).frames
    for each in fields(once):
        pd.testing.assert_frame_equal(getattr(once, each.name), getattr(again, each.name))
