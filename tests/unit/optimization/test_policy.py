"""Policies on known cases, and what becomes of a change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimization.parameters import PolicyParameters
from optimization.policy.planning import plan_policies
from tests.science_frames import AS_OF, item_location, protection


def _plan(mean: list[float], previous: pd.DataFrame | None = None, **columns: object) -> pd.DataFrame:
    items = item_location(len(mean), **columns)
    return plan_policies(items, protection(items, mean), previous)[0]


def _previous(point: float, level: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item_id": ["I1"],
            "location_id": ["L1"],
            "reorder_point_units": [point],
            "order_up_to_units": [level],
        }
    )


def test_the_first_load_is_bootstrapped_and_meets_the_target() -> None:
    row = _plan([10.0]).iloc[0]
    # 95 % of a negative binomial with mean 10, variance 15 is 17: at 16 one more is still enough.
    assert (row["reorder_point_units"], row["change_state"]) == (16.0, "bootstrap")
    assert row["expected_cycle_service"] >= 0.95
    assert row["order_up_to_units"] == row["reorder_point_units"] + row["order_quantity_units"]
    assert row["safety_stock_units"] == pytest.approx(6.0)


def test_the_order_quantity_is_the_eoq_in_feasible_lots() -> None:
    row = _plan([10.0], moq_units=50.0, lot_units=12.0).iloc[0]
    # 2·K·D/h = 2·10·(10/21·365)/(0.2·40)
    assert row["eoq_units"] == pytest.approx((2 * 10 * 10 / 21 * 365 / 8) ** 0.5)
    assert row["order_quantity_units"] == 60.0


def test_a_fill_target_needs_a_lower_point_when_lots_are_large() -> None:
    small = _plan([10.0], service_metric="fill", lot_units=1.0, order_cost=0.0).iloc[0]
    large = _plan([10.0], service_metric="fill", moq_units=100.0).iloc[0]
    assert large["reorder_point_units"] < small["reorder_point_units"]
    assert large["expected_fill_rate"] >= 0.95


def test_an_item_without_demand_is_ordered_on_demand_unless_it_must_be_shown() -> None:
    row = _plan([0.0]).iloc[0]
    assert (row["reorder_point_units"], row["order_up_to_units"], row["reason_code"]) == (
        0.0,
        0.0,
        "ON_DEMAND",
    )
    shown = _plan([0.0], display_min_units=2.0).iloc[0]
    assert (shown["reorder_point_units"], shown["order_up_to_units"]) == (1.0, 2.0)
    assert shown["reason_code"] == "DISPLAY_MINIMUM"


def test_an_obsolete_item_and_one_past_its_last_order_date_are_not_replenished() -> None:
    frame = _plan(
        [9.0, 9.0],
        lifecycle_status=["obsolete", "active"],
        last_order_date=[pd.NaT, AS_OF - pd.Timedelta(days=1)],
    )
    assert frame["order_up_to_units"].tolist() == [0.0, 0.0]
    assert frame["reason_code"].tolist() == ["END_OF_LIFE"] * 2


@pytest.mark.parametrize(
    ("point", "level", "limit", "state", "effective"),
    [
        (16.0, 37.0, 1e6, "none", (16.0, 37.0)),
        (17.0, 38.0, 1e6, "within_dead_band", (17.0, 38.0)),
        (30.0, 60.0, 1e6, "auto_approved", (16.0, 37.0)),
        (30.0, 60.0, 500.0, "proposed", (30.0, 60.0)),
    ],
)
def test_what_becomes_of_a_change(
    point: float, level: float, limit: float, state: str, effective: tuple[float, float]
) -> None:
    items = item_location(1)
    frame, _ = plan_policies(
        items,
        protection(items, [10.0]),
        _previous(point, level),
        PolicyParameters(auto_approve_value=limit),
    )
    row = frame.iloc[0]
    assert (row["proposed_reorder_point_units"], row["proposed_order_up_to_units"]) == (16.0, 37.0)
    assert row["change_state"] == state
    assert (row["reorder_point_units"], row["order_up_to_units"]) == effective


def test_a_row_with_an_implausible_term_keeps_its_last_policy_and_costs_only_itself() -> None:
    items = item_location(2, unit_cost=[np.nan, 40.0])
    frame, _ = plan_policies(items, protection(items, [10.0, 10.0]), _previous(7.0, 9.0))
    bad, good = frame.iloc[0], frame.iloc[1]
    assert (bad["reorder_point_units"], bad["order_up_to_units"], bad["status"]) == (7.0, 9.0, "QUARANTINED")
    assert bad["reason_code"] == "POLICY_KEPT"
    pd.testing.assert_series_equal(good, _plan([10.0, 10.0]).iloc[1])


def test_protection_demand_must_cover_every_item_location() -> None:
    items = item_location(2)
    with pytest.raises(KeyError, match="lacks item 'I1' at 'L2'"):
        plan_policies(items, protection(items, [1.0, 1.0]).head(1), None)
