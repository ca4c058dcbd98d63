"""Days after the first: what consumption, supply, settings and gone rows make of the state before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.allocation.planning import AllocationFrames, AllocationInputs, allocate
from optimization.contracts.table import Table
from optimization.parameters import AllocationParameters
from tests.science_frames import (
    AS_OF,
    allocation_event,
    allocation_rule,
    item_location,
    segment,
    segment_demand,
    segment_order,
)

DAY = pd.Timedelta(days=1)
# That the model agrees with the closed form is the door's own test; here it would be most of the time.
UNCHECKED = AllocationParameters(checked_pools=0)
TERMS = [("FLEET", 1, 1.0, 0.0, 1.0), ("WEB", 2, 1.0, 0.0, 1.0)]
SEGMENTS = segment(TERMS, may_borrow=True)
KEEP = AllocationParameters(interval_hours=0.0, band_units=1000.0)
POOL_KEY = ["item_id", "location_id"]


@pytest.fixture(autouse=True)
def _contracts_are_not_checked_here(monkeypatch: pytest.MonkeyPatch) -> None:
    # The door's own tests check them; here they would cost ten times what the cycles do.
    monkeypatch.setattr(Table, "validate", lambda self, frame: frame.loc[:, list(self.column_names)])


def _first(on_hand: float = 20.0, segments: pd.DataFrame = SEGMENTS, **open_units: float) -> AllocationInputs:
    """Inputs of the first day; FLEET wants 6 and WEB 4 unless said otherwise."""
    wanted = open_units or {"FLEET": 6.0, "WEB": 4.0}
    demand = segment_demand([("L1", name, 0.0, units) for name, units in wanted.items()])
    return AllocationInputs(item_location(1, on_hand_units=on_hand), segments, demand)


def _next(
    inputs: AllocationInputs,
    frames: AllocationFrames,
    day: int = 1,
    parameters: AllocationParameters | None = None,
    **changes: Any,
) -> tuple[AllocationInputs, AllocationFrames]:
    """The cycle of the next day on the state before; `changes` are of the inputs."""
    on_hand = changes.pop("on_hand", None)
    if on_hand is not None:
        changes["item_location"] = item_location(1, on_hand_units=on_hand)
    inputs = replace(
        inputs,
        previous_allocation=frames.allocation,
        previous_loan=frames.borrow_loan,
        previous_reservation=frames.soft_reservation,
        previous_as_of=AS_OF + (day - 1) * DAY,
        **changes,
    )
    return inputs, allocate(inputs, AS_OF + day * DAY, parameters or UNCHECKED).frames


def _start(**changes: Any) -> tuple[AllocationInputs, AllocationFrames]:
    inputs = _first(**changes)
    return inputs, allocate(inputs, AS_OF, UNCHECKED).frames


def _events(*rows: tuple[str, str | None, float], day: int = 1, **columns: Any) -> pd.DataFrame:
    at = [AS_OF + day * DAY + pd.Timedelta(hours=hour + 1) for hour in range(len(rows))]
    return allocation_event(list(rows), event_at=at, business_date=AS_OF + day * DAY, **columns)


def _units(frames: AllocationFrames, name: str = "allocated_units") -> dict[str, float]:
    return frames.allocation.set_index("segment_id")[name].to_dict()


def _lines(frames: AllocationFrames, *columns: str) -> list[tuple[Any, ...]]:
    told = frames.allocation_entry[list(columns)].astype(object)
    return [tuple(row) for row in told.where(told.notna(), None).itertuples(index=False)]


def _run(frames: AllocationFrames) -> tuple[str, str, str]:
    row = frames.rebalance_run.iloc[0]
    return row["rebalance_trigger"], row["rebalance_decision"], row["reason_code"]


def test_an_order_consumes_its_segments_quota_and_the_snapshot_settles_it() -> None:
    inputs, frames = _start()
    orders = segment_order([("O1", "L1", "FLEET", 2.0), ("O2", "L1", "POOL", 3.0)], order_date=AS_OF + DAY)
    _, frames = _next(inputs, frames, parameters=KEEP, segment_order=orders, on_hand=15.0)
    assert _units(frames) == {"FLEET": 4.0, "POOL": 7.0, "WEB": 4.0}
    assert _units(frames, "cumulative_consumed_units") == {"FLEET": 2.0, "POOL": 3.0, "WEB": 0.0}
    assert set(_units(frames, "consumed_units").values()) == {0.0}
    assert _lines(frames, "operation", "segment_id", "effective_units", "source_id") == [
        ("consume", "FLEET", 2.0, "O1/1"),
        ("consume", "POOL", 3.0, "O2/1"),
        ("settle", "FLEET", 2.0, None),
        ("settle", "POOL", 3.0, None),
    ]
    assert _run(frames) == ("none", "not_due", "NO_TRIGGER")


def test_an_order_of_the_release_before_is_not_consumed_again() -> None:
    inputs, frames = _start()
    orders = segment_order([("O1", "L1", "FLEET", 2.0)], order_date=AS_OF)
    _, frames = _next(inputs, frames, segment_order=orders)
    assert not len(frames.allocation_entry)


def test_an_order_that_became_known_late_is_consumed_once_where_something_was_allocated() -> None:
    inputs, frames = _start()
    known = segment_order([("O1", "L1", "FLEET", 2.0)], order_date=AS_OF)
    late = segment_order(
        [("O1", "L1", "FLEET", 2.0), ("O2", "L1", "WEB", 1.0), ("O3", "L9", "WEB", 1.0)],
        order_date=[AS_OF, AS_OF - 3 * DAY, AS_OF],
    )
    seen = {"segment_order": late, "parameters": KEEP}
    inputs, frames = _next(inputs, frames, previous_order=known, on_hand=19.0, **seen)
    assert _lines(frames, "operation", "source_id", "entry_status") == [
        ("consume", "O2/1", "accepted"),
        ("settle", None, "accepted"),
    ]
    assert _units(frames, "cumulative_consumed_units")["WEB"] == 1.0
    _, frames = _next(inputs, frames, 2, previous_order=late, **seen)
    assert not len(frames.allocation_entry)


def test_an_adjustment_that_the_snapshot_shows_is_told_and_counted_once() -> None:
    inputs, frames = _start()
    late = _events(("adjust", None, 5.0), day=0)
    _, counted = _next(inputs, frames, parameters=KEEP, event=late, on_hand=25.0)
    assert _units(counted) == {"FLEET": 6.0, "POOL": 15.0, "WEB": 4.0}
    assert _lines(counted, "operation", "pool_units", "pool_after_units") == [("adjust", 5.0, 15.0)]
    _, frames = _next(inputs, frames, parameters=KEEP, event=late, on_hand=20.0)
    assert _lines(frames, "operation", "pool_units", "pool_after_units") == [
        ("adjust", 5.0, 15.0),
        ("sync", -5.0, 10.0),
    ]


def test_a_loan_without_days_lapses_with_the_next_rebalancing_of_its_pool() -> None:
    inputs, frames = _start(segments=segment(TERMS, may_borrow=True, borrow_repays=False))
    orders = segment_order([("O1", "L1", "WEB", 7.0)], order_date=AS_OF + DAY)
    nothing_more = segment_demand([("L1", "FLEET", 0.0, 6.0)])
    inputs, frames = _next(inputs, frames, parameters=KEEP, segment_order=orders, on_hand=13.0)
    assert frames.borrow_loan["loan_status"].tolist() == ["OPEN"]
    asked = {"event": _events(("rebalance", None, 1.0), day=2), "segment_demand": nothing_more}
    _, frames = _next(inputs, frames, 2, KEEP, **asked)
    assert _run(frames) == ("request", "rebalanced", "MOVED_TO_TARGET")
    assert frames.borrow_loan["loan_status"].tolist() == ["EXPIRED"]
    assert ("expire", "LOAN_LAPSED", 3.0) in _lines(frames, "operation", "reason_code", "units")


def test_new_supply_goes_to_the_common_pool_and_asks_for_a_rebalancing() -> None:
    inputs, frames = _start(on_hand=7.0)
    assert _units(frames) == {"FLEET": 6.0, "WEB": 1.0, "POOL": 0.0}
    _, frames = _next(inputs, frames, on_hand=12.0)
    assert _units(frames) == {"FLEET": 6.0, "WEB": 4.0, "POOL": 2.0}
    assert _run(frames) == ("supply_sync", "rebalanced", "MOVED_TO_TARGET")
    assert _lines(frames, "operation", "purpose", "pool_after_units") == [
        ("sync", "SUPPLY_SYNC", 5.0),
        ("rebalance", "SEGMENT_ALLOCATION", 2.0),
    ]


def test_in_the_freeze_window_quotas_stay_unless_the_supply_forces_a_cut() -> None:
    inputs, frames = _start()
    frozen = AllocationParameters(freeze_from=date(2024, 7, 1))
    more = segment_demand([("L1", "FLEET", 0.0, 9.0), ("L1", "WEB", 0.0, 3.0)])
    inputs, frames = _next(inputs, frames, parameters=frozen, segment_demand=more)
    assert _units(frames) == {"FLEET": 6.0, "POOL": 10.0, "WEB": 4.0}
    assert _run(frames) == ("deviation", "suppressed", "FREEZE_WINDOW")
    assert frames.allocation.set_index("segment_id").loc["FLEET", "reason_code"] == "NOT_REBALANCED"
    _, frames = _next(inputs, frames, 2, frozen, on_hand=8.0)
    assert _units(frames) == {"FLEET": 6.0, "POOL": 0.0, "WEB": 2.0}
    assert _run(frames) == ("supply_sync", "suppressed", "FREEZE_WINDOW")
    assert _lines(frames, "operation", "reason_code", "own_units")[-1] == ("cut", "SUPPLY_CUT", -2.0)


def test_a_request_rebalances_within_the_guard_hours_and_nothing_else_does() -> None:
    guard = replace(KEEP, guard_hours=48.0)
    inputs, frames = _start()
    more = segment_demand([("L1", "FLEET", 0.0, 9.0), ("L1", "WEB", 0.0, 3.0)])
    _, kept = _next(inputs, frames, parameters=guard, on_hand=21.0, segment_demand=more)
    assert _run(kept) == ("supply_sync", "suppressed", "GUARD_HOURS")
    asked = _events(("rebalance", None, 1.0))
    _, moved = _next(inputs, frames, parameters=guard, segment_demand=more, event=asked)
    assert _run(moved) == ("request", "rebalanced", "MOVED_TO_TARGET")
    entry = moved.allocation_entry
    request = entry.loc[entry["audit_type"] == "USER", "action_id"].item()
    made = entry[entry["related_by_action_id"].str.startswith("request:")]
    assert set(made["parent_action_id"]) == {request} and len(made) > 0
    assert _units(moved) == {"FLEET": 9.0, "POOL": 8.0, "WEB": 3.0}


def test_a_rebalancing_that_wins_too_little_is_left_out_and_told() -> None:
    inputs, frames = _start(on_hand=8.0)
    demand = inputs.segment_demand.assign(unit_margin=10.0)
    dear = AllocationParameters(min_benefit=25.0)
    _, frames = _next(inputs, frames, parameters=dear, on_hand=10.0, segment_demand=demand)
    assert _run(frames) == ("supply_sync", "suppressed", "BENEFIT_TOO_SMALL")
    assert frames.rebalance_run["expected_benefit"].tolist() == [20.0]
    assert frames.rebalance_run["rebalanced_units"].tolist() == [0.0]


def test_changed_rules_and_changed_segments_ask_for_a_rebalancing() -> None:
    rules = allocation_rule([("R1", "FLEET", "fixed", 12.0)])
    inputs, frames = _start()
    inputs, frames = _next(inputs, frames, parameters=KEEP, allocation_rule=rules)
    assert _run(frames) == ("rules_changed", "rebalanced", "MOVED_TO_TARGET")
    _, same = _next(inputs, frames, 2, KEEP)
    assert _run(same)[1] == "not_due"
    weighted = SEGMENTS.assign(fair_weight=2.0)
    _, frames = _next(inputs, frames, 2, KEEP, segment=weighted)
    assert _run(frames)[0] == "segments_changed"


def test_changed_rules_wait_for_the_end_of_the_freeze_window() -> None:
    frozen = replace(KEEP, freeze_from=date(2024, 7, 1), freeze_to=date(2024, 7, 2))
    rules = allocation_rule([("R1", "FLEET", "fixed", 12.0)])
    inputs, frames = _start()
    inputs, frames = _next(inputs, frames, 1, frozen, allocation_rule=rules)
    assert _run(frames) == ("rules_changed", "suppressed", "FREEZE_WINDOW")
    _, frames = _next(inputs, frames, 2, frozen)
    assert _run(frames) == ("rules_changed", "rebalanced", "MOVED_TO_TARGET")


def test_a_loan_is_repaid_from_the_next_supply_of_its_segment() -> None:
    inputs, frames = _start()
    orders = segment_order([("O1", "L1", "WEB", 7.0)], order_date=AS_OF + DAY)
    _, after = _next(inputs, frames, parameters=KEEP, segment_order=orders, on_hand=13.0)
    assert _units(after)["WEB"] == 0.0 and _units(after, "borrowed_units")["WEB"] == 3.0
    assert _lines(after, "operation", "own_units", "pool_units")[0] == ("consume", -4.0, -3.0)
    _, after = _next(inputs, frames, segment_order=orders, on_hand=13.0)
    assert _units(after) == {"FLEET": 6.0, "POOL": 6.0, "WEB": 1.0}
    assert after.borrow_loan["loan_status"].tolist() == ["RETURNED"]
    assert after.allocation.set_index("segment_id").loc["WEB", "reason_code"] == "LOAN_RETURNED"


def test_a_reservation_holds_its_units_until_it_ends_and_then_gives_them_back() -> None:
    inputs, frames = _start()
    held = _events(
        ("reserve", "WEB", 3.0), reservation_id="R1", expires_at=AS_OF + 2 * DAY + pd.Timedelta(hours=5)
    )
    inputs, frames = _next(inputs, frames, parameters=KEEP, event=held)
    assert _units(frames) == {"FLEET": 6.0, "POOL": 10.0, "WEB": 1.0}
    assert _units(frames, "soft_reserved_units")["WEB"] == 3.0
    assert set(_units(frames, "allocatable_units").values()) == {20.0}
    inputs, frames = _next(inputs, frames, 2, KEEP, event=None)
    assert _units(frames)["WEB"] == 4.0
    assert frames.soft_reservation["reservation_status"].tolist() == ["EXPIRED"]
    _, frames = _next(inputs, frames, 3, KEEP)
    assert not len(frames.soft_reservation)


def test_a_segment_that_is_gone_leaves_its_quota_to_the_pool_and_keeps_its_reservations() -> None:
    inputs, frames = _start()
    held = _events(("reserve", "WEB", 1.0), reservation_id="R1", expires_at=AS_OF + 9 * DAY)
    inputs, frames = _next(inputs, frames, parameters=KEEP, event=held)
    inputs, frames = _next(inputs, frames, 2, KEEP, event=None, segment=segment(TERMS[:1]))
    assert _units(frames) == {"FLEET": 6.0, "POOL": 13.0, "WEB": 0.0}
    assert _units(frames, "soft_reserved_units")["WEB"] == 1.0
    assert _lines(frames, "operation", "segment_id", "units", "reason_code") == [
        ("unallocate", "WEB", 3.0, "SEGMENT_GONE")
    ]
    freed = _events(("release", "WEB", 1.0), day=3, reservation_id="R1", action_id="A9", event_id="E9")
    inputs, frames = _next(inputs, frames, 3, KEEP, event=freed)
    assert _units(frames) == {"FLEET": 6.0, "POOL": 14.0}


def test_a_pool_that_is_gone_is_closed_and_a_new_one_begins() -> None:
    inputs, frames = _start()
    _, frames = _next(inputs, frames, item_location=item_location(1, location_id="L2", on_hand_units=5.0))
    assert frames.allocation[POOL_KEY].drop_duplicates().to_numpy().tolist() == [["I1", "L2"]]
    closed = frames.allocation_entry[frames.allocation_entry["location_id"] == "L1"]
    assert closed["reason_code"].tolist() == ["POOL_GONE", "SUPPLY_CUT", "SUPPLY_CUT"]
    assert closed["pool_after_units"].iloc[-1] == 0.0
    assert _run(frames)[0] == "first_allocation"


def test_an_implausible_day_leaves_the_books_as_they_were() -> None:
    inputs, frames = _start()
    spoilt = item_location(1, on_hand_units=np.nan, inventory_position_units=5.0)
    inputs, frames = _next(inputs, frames, item_location=spoilt)
    assert _units(frames) == {"FLEET": 6.0, "POOL": 10.0, "WEB": 4.0}
    assert set(frames.allocation["status"]) == {"QUARANTINED"}
    assert _run(frames) == ("none", "suppressed", "INPUT_IMPLAUSIBLE")
    _, frames = _next(inputs, frames, 2, on_hand=20.0)
    assert not len(frames.allocation_entry) and set(frames.allocation["status"]) == {"OK"}


def test_a_refused_operation_is_told_and_changes_nothing() -> None:
    inputs, frames = _start()
    events = _events(("consume", "WEB", 99.0), ("allocate", "NOBODY", 1.0), ("consume", "WEB", 1.0))
    events.loc[2, ["item_id", "location_id"]] = ["I9", "L9"]
    _, frames = _next(inputs, frames, event=events)
    assert _lines(frames, "item_id", "segment_id", "reason_code", "entry_status") == [
        ("I1", "WEB", "BEYOND_ALLOWANCE", "rejected"),
        ("I1", "NOBODY", "UNKNOWN_SEGMENT", "rejected"),
        ("I9", "WEB", "UNKNOWN_POOL", "rejected"),
    ]
    assert _units(frames) == {"FLEET": 6.0, "POOL": 10.0, "WEB": 4.0}


def test_a_spike_of_demand_asks_for_a_rebalancing() -> None:
    inputs, frames = _start()
    quiet = replace(KEEP, spike_z=3.0)
    spike = inputs.segment_demand.assign(recent_week_units=[9.0, 0.0], open_order_units=[9.0, 4.0])
    _, frames = _next(inputs, frames, parameters=quiet, segment_demand=spike)
    assert _run(frames) == ("demand_spike", "rebalanced", "MOVED_TO_TARGET")


@pytest.mark.parametrize("level", ["location", "item"])
def test_a_change_of_level_closes_the_pools_and_opens_others(level: str) -> None:
    other = {"location": "item", "item": "location"}[level]
    inputs = _first()
    frames = allocate(inputs, AS_OF, AllocationParameters(dimension_level=level)).frames  # type: ignore[arg-type]
    _, frames = _next(inputs, frames, parameters=AllocationParameters(dimension_level=other))  # type: ignore[arg-type]
    assert _units(frames) == {"FLEET": 6.0, "POOL": 10.0, "WEB": 4.0}
    assert set(frames.allocation["location_id"]) == {"*" if other == "item" else "L1"}


UNUSED = segment(TERMS, may_borrow=True, release_after_days=[None, 3])


def _asked(frames: AllocationFrames) -> dict[str, int | None]:
    """Days after the first on which each segment last asked."""
    at = frames.allocation.set_index("segment_id")["quota_asked_at"]
    return {name: None if pd.isna(one) else (one.normalize() - AS_OF).days for name, one in at.items()}


def test_a_quota_that_nobody_asks_for_goes_back_after_its_days_and_returns_with_the_next_request() -> None:
    rules = allocation_rule([("R1", "FLEET", "fixed", 8.0), ("R1", "WEB", "fixed", 5.0)])
    nothing = {"parameters": KEEP, "allocation_rule": rules, "segment_order": None}
    inputs = replace(_first(segments=UNUSED, FLEET=0.0, WEB=0.0), allocation_rule=rules)
    frames = allocate(inputs, AS_OF, KEEP).frames
    assert _asked(frames) == {"FLEET": 0, "POOL": None, "WEB": 0}
    for day in (1, 2):
        inputs, frames = _next(inputs, frames, day, **nothing)
        assert _units(frames) == {"FLEET": 8.0, "POOL": 7.0, "WEB": 5.0}
    inputs, frames = _next(inputs, frames, 3, **nothing)
    assert _units(frames) == {"FLEET": 8.0, "POOL": 12.0, "WEB": 0.0}
    assert _run(frames) == ("deviation", "rebalanced", "MOVED_TO_TARGET")
    assert _lines(frames, "segment_id", "own_units", "reason_code") == [("WEB", -5.0, "QUOTA_UNUSED")]
    assert frames.allocation.set_index("segment_id").loc["WEB", "reason_code"] == "QUOTA_UNUSED"
    inputs, frames = _next(inputs, frames, 4, **nothing)
    assert not len(frames.allocation_entry)

    orders = segment_order([("O1", "L1", "WEB", 1.0)], order_date=AS_OF + 5 * DAY)
    _, asked = _next(inputs, frames, 5, **nothing | {"segment_order": orders, "parameters": None})
    assert _units(asked)["WEB"] == 4.0 and asked.borrow_loan["returned_units"].tolist() == [1.0]
    refused = segment_order([("O1", "L1", "WEB", 99.0)], order_date=AS_OF + 5 * DAY)
    _, asked = _next(inputs, frames, 5, **nothing | {"segment_order": refused, "parameters": None})
    assert _units(asked)["WEB"] == 5.0 and _asked(asked)["WEB"] == 5


def test_an_unused_quota_keeps_open_orders_and_a_changed_rule_promises_anew() -> None:
    rules = allocation_rule([("R1", "WEB", "fixed", 5.0)])
    demand = segment_demand([("L1", "WEB", 0.0, 2.0)])
    inputs = replace(_first(segments=UNUSED), allocation_rule=rules, segment_demand=demand)
    frames = allocate(inputs, AS_OF, KEEP).frames
    _, released = _next(inputs, frames, 3, KEEP)
    assert _units(released)["WEB"] == 2.0
    changed = allocation_rule([("R1", "WEB", "fixed", 6.0)])
    inputs, frames = _next(inputs, frames, 3, KEEP, allocation_rule=changed)
    assert _units(frames)["WEB"] == 6.0 and _asked(frames)["WEB"] == 3
    frozen = replace(KEEP, freeze_from=date(2024, 7, 1))
    _, frames = _next(inputs, frames, 6, frozen)
    assert _units(frames)["WEB"] == 6.0 and _run(frames)[1:] == ("suppressed", "FREEZE_WINDOW")


def test_a_changed_path_moves_no_stock_and_is_told_as_changed_segments() -> None:
    inputs, frames = _start()
    moved = SEGMENTS.assign(segment_path=["dealer/FLEET", "WEB"], group_depth=[2, 1])
    inputs, frames = _next(inputs, frames, parameters=KEEP, segment=moved)
    assert _run(frames) == ("segments_changed", "not_due", "AT_TARGET")
    assert _units(frames) == {"FLEET": 6.0, "POOL": 10.0, "WEB": 4.0} and not len(frames.allocation_entry)
    assert frames.allocation["segment_path"].tolist() == ["dealer/FLEET", "POOL", "WEB"]
    _, frames = _next(inputs, frames, 2, KEEP)
    assert _run(frames) == ("none", "not_due", "NO_TRIGGER")
