"""What an override was worth, by hand: the same weeks with its levels and with the calculated ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.contracts.approval_tables import POLICY_OVERRIDE
from optimization.contracts.rows import frame_of
from optimization.parameters import PolicyParameters
from optimization.simulation.override_outcome import Beginnings, override_outcomes
from tests.policy_inputs import policy_input
from tests.science_frames import AS_OF, demand_history, item_location

WEEK = pd.Timedelta(weeks=1)
DAY = pd.Timedelta(days=1)
# Six known weeks; the last three lie in the window of the override below.
ASKED = [5.0, 5.0, 5.0, 4.0, 6.0, 2.0]
COST = {"unit_cost": 365.0, "holding_rate": 0.2, "shortage_cost": 30.0, "order_cost": 8.0}
HELD = {
    "override_id": "o1",
    "item_id": "I1",
    "location_id": "L1",
    "reorder_point_units": 5.0,
    "order_up_to_units": 9.0,
    "override_state": "active",
    "author": "ann",
    "owner": "ann",
    "reason": "a customer moves",
    "proposed_date": AS_OF - 3 * WEEK,
    "effective_from": AS_OF - 3 * WEEK + DAY,
    "expires_date": AS_OF + 10 * WEEK,
    "change_value": 0.0,
    "content_hash": "h",
}


def _beginnings(**columns: Any) -> Beginnings:
    terms: dict[str, Any] = {
        "lead_time_days": 7.0,
        "review_days": 7,
        "protection_days": 14.0,
        "line_moq_units": 0.0,
        "line_lot_units": 1.0,
        "stockout_behaviour": "lost",
        **COST,
    } | columns
    then = policy_input(1, 1, **terms).assign(
        override_id="o1", proposed_reorder_point_units=0.0, proposed_order_up_to_units=3.0
    )
    return Beginnings(
        calculated=then,
        stock=pd.DataFrame({"override_id": ["o1"], "on_hand_units": [4.0]}),
        supply=pd.DataFrame(
            {"override_id": ["o1"], "open_units": [2.0], "expected_date": [AS_OF - 2 * WEEK + 3 * DAY]}
        ),
    )


def _outcome(
    override: dict[str, Any] | None = None,
    beginnings: Beginnings | None = None,
    asked: list[float] | None = None,
    previous: pd.DataFrame | None = None,
    **columns: Any,
) -> pd.Series:
    frame, _ = override_outcomes(
        frame_of(POLICY_OVERRIDE, [HELD | (override or {})]),
        beginnings or _beginnings(),
        item_location(1, first_demand_date=AS_OF - 6 * WEEK + DAY),
        demand_history({"L1": asked or ASKED}, **columns),
        AS_OF,
        previous,
    )
    return frame.iloc[0]


def test_the_worth_of_an_override_by_hand() -> None:
    """Lead time and review of a week, sales lost, 4 on hand, 2 on their way for the second week.

    With (5, 9): position 6 > 5, no order at the start. Week 1: 4 of 4, none left, position 2, order 7 for
    week 3. Week 2: receive 2, fill 2 of 6, position 7. Week 3: receive 7, fill 2, 5 left, at 5, order 4.
    With (0, 3): week 1 the same, position 2 > 0. Week 2: receive 2, fill 2 of 6, position 0, order 3 for
    week 4. Week 3: nothing of 2, position 3. A unit held for a week costs 0.2 · 365 · 7/365 = 1.40.
    """
    found = _outcome()
    assert found["status"] == "OK" and pd.isna(found["reason_code"])
    assert (found["window_from_date"], found["window_to_date"]) == (AS_OF - 3 * WEEK + DAY, AS_OF)
    assert (found["replayed_days"], found["demand_units"], found["opening_units"]) == (21, 12.0, 4.0)
    assert found["cost_with"] == pytest.approx(5 * 1.4 + 4 * 30 + 2 * 8)
    assert found["cost_without"] == pytest.approx(0 * 1.4 + 6 * 30 + 1 * 8)
    assert found["value_added"] == pytest.approx(188.0 - 143.0)
    assert (found["fill_with"], found["fill_without"]) == (8 / 12, 6 / 12)
    assert found["calculated_order_up_to_units"] == 3.0


def test_a_stock_that_nobody_asks_for_costs_its_override_money() -> None:
    found = _outcome({"order_up_to_units": 20.0, "reorder_point_units": 19.0}, asked=[1.0] * 6)
    assert found["value_added"] < 0 and found["fill_with"] == found["fill_without"] == 1.0


@pytest.mark.parametrize(
    ("override", "beginnings", "history", "reason"),
    [
        ({"effective_from": AS_OF - WEEK + DAY}, {}, {}, "WINDOW_TOO_SHORT"),
        ({}, {"lead_time_days": 40.0, "protection_days": 47.0}, {}, "WINDOW_TOO_SHORT"),
        ({}, {}, {"censored_days": 7}, "DEMAND_NOT_KNOWN"),
        ({"override_id": "o2"}, {}, {}, "NO_CALCULATION_KEPT"),
        ({"item_id": "I9"}, {}, {}, "WINDOW_TOO_SHORT"),
    ],
)
def test_what_cannot_be_told_yet_says_why(
    override: dict[str, Any], beginnings: dict[str, Any], history: dict[str, Any], reason: str
) -> None:
    found = _outcome(override, _beginnings(**beginnings), **history)
    assert (found["reason_code"], found["status"]) == (reason, "FALLBACK")
    assert np.isnan(found["value_added"]) and np.isnan(found["cost_with"])


def test_a_longer_window_can_be_asked_for() -> None:
    frame, _ = override_outcomes(
        frame_of(POLICY_OVERRIDE, [HELD]),
        _beginnings(),
        item_location(1, first_demand_date=AS_OF - 6 * WEEK + DAY),
        demand_history({"L1": ASKED}),
        AS_OF,
        parameters=PolicyParameters(override_cycles=2.0),
    )
    assert frame["reason_code"].tolist() == ["WINDOW_TOO_SHORT"]


def test_one_that_is_over_is_measured_to_its_end_and_then_no_more() -> None:
    over = {"override_state": "ended", "effective_to": AS_OF - WEEK, "expires_date": AS_OF + WEEK}
    found = _outcome(over)
    assert (found["window_to_date"], found["replayed_days"]) == (AS_OF - WEEK, 14)
    again = _outcome(over, asked=[9.0] * 6, previous=found.to_frame().T.astype({"value_added": float}))
    assert again["value_added"] == found["value_added"]


def test_what_never_held_has_no_outcome() -> None:
    events = [HELD | {"override_state": state, "effective_from": None} for state in ("pending", "rejected")]
    overrides = frame_of(POLICY_OVERRIDE, [one | {"override_id": f"o{n}"} for n, one in enumerate(events)])
    frame, report = override_outcomes(
        overrides, _beginnings(), item_location(1), demand_history({"L1": ASKED}), AS_OF
    )
    assert frame.empty and report["measured"] == 0


def test_supply_that_comes_after_the_window_is_not_ordered_again() -> None:
    """A hundred are on their way, nine weeks after the window: the position is above both reorder points."""
    known = _beginnings(order_cost=1_000.0, shortage_cost=0.0, holding_rate=0.0)
    late = known.supply.assign(open_units=100.0, expected_date=AS_OF + 9 * WEEK)
    late = pd.concat([late, late.assign(expected_date=pd.NaT)])
    found = _outcome(beginnings=Beginnings(known.calculated, known.stock, late))
    assert found[["cost_with", "cost_without"]].tolist() == [0.0, 0.0]
