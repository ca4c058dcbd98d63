"""The supplier's card and the dates of open supply, on hand-worked lines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.demand.lead_times import estimate_lead_times
from optimization.demand.supplier_scorecard import score_suppliers
from optimization.demand.supply_expectation import expect_supply
from tests.science_frames import AS_OF, item_location, lead_time_sample

DAY = pd.Timedelta(days=1)
_DATES = ("ordered_date", "first_expected_date", "last_received_date", "expected_date", "stated_date")


def _lines(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """`opt_in__supply_line`; days are counted back from the business date."""
    frame = pd.DataFrame(
        [
            {
                "supply_order_id": f"P{number:03}",
                "line_id": "1",
                "supplier_id": "S1",
                "item_id": "I1",
                "location_id": "L1",
                "received_units": 10.0,
                "accepted_units": 10.0,
                "is_open": False,
                "ordered_date": AS_OF - 40 * DAY,
                "first_expected_date": AS_OF - 20 * DAY,
                "last_received_date": AS_OF - 20 * DAY,
                "ordered_units": 10.0,
            }
            | row
            for number, row in enumerate(rows)
        ]
    )
    return _dated(frame)


def _open(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """`opt_in__open_supply` of lines ordered 40 days ago."""
    frame = pd.DataFrame(
        [
            {
                "supply_order_id": f"O{number:03}",
                "line_id": "1",
                "item_id": "I1",
                "location_id": "L1",
                "open_units": 5.0,
                "supply_status": "open",
                "ordered_date": AS_OF - 40 * DAY,
                "stated_date": AS_OF + 3 * DAY,
                "first_expected_date": AS_OF + 3 * DAY,
                "supplier_id": "S1",
            }
            | row
            for number, row in enumerate(rows)
        ]
    )
    late = (AS_OF - frame["stated_date"]).dt.days
    frame = frame.assign(
        expected_date=frame["stated_date"].clip(lower=AS_OF + DAY),
        is_overdue=late > 0,
        overdue_days=late.clip(lower=0).astype("int64"),
        is_counted=late <= 30,
    )
    return _dated(frame)


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    for name in set(_DATES) & set(frame.columns):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[ns]")
    return frame


def _late(days: int, **columns: Any) -> dict[str, Any]:
    return {"last_received_date": AS_OF - 20 * DAY + days * DAY, **columns}


def _scored(lines: pd.DataFrame, sample: pd.DataFrame | None = None) -> pd.DataFrame:
    sample = lead_time_sample([20.0] * 12) if sample is None else sample
    items = item_location(1)
    lead_time, _, _ = estimate_lead_times(sample, items, AS_OF)
    frame, _ = score_suppliers(lines, sample, items, lead_time, AS_OF)
    return frame.set_index(["supplier_id", "location_id"])


def _quantiles(sample: pd.DataFrame | None = None) -> pd.DataFrame:
    sample = lead_time_sample([20.0] * 30) if sample is None else sample
    return estimate_lead_times(sample, item_location(1), AS_OF)[1]


# --- the card


def test_the_card_counts_what_was_late_short_and_rejected() -> None:
    lines = _lines(
        [_late(0)] * 4
        + [_late(-2)] * 2
        + [_late(6)] * 2
        # short by 4 with 1 of them rejected; nothing came; more than ordered counts as all of it
        + [_late(0, received_units=7.0, accepted_units=6.0)]
        + [_late(0, received_units=0.0, accepted_units=0.0, last_received_date=pd.NaT)]
        + [_late(0, received_units=12.0, accepted_units=12.0)]
        # open and overdue is late; open and not yet due is not counted
        + [{"is_open": True, "received_units": 0.0, "accepted_units": 0.0, "last_received_date": pd.NaT}]
        + [
            {
                "is_open": True,
                "first_expected_date": AS_OF + 5 * DAY,
                "received_units": 0.0,
                "accepted_units": 0.0,
                "last_received_date": pd.NaT,
            }
        ]
    )
    card = _scored(lines).loc[("S1", "L1")]
    assert (card["supply_line_count"], card["due_line_count"], card["closed_line_count"]) == (13, 11, 11)
    assert card["late_share"] == pytest.approx(3 / 11)
    assert card["mean_lateness_days"] == pytest.approx((2 * 6 - 2 * 2) / 10)
    assert card["short_share"] == pytest.approx((4 + 10) / 110)
    assert (card["full_share"], card["zero_share"]) == (pytest.approx(9 / 11), pytest.approx(1 / 11))
    assert card["rejected_share"] == pytest.approx(1 / (8 * 10 + 7 + 12))
    assert card["promised_lead_time_days"] == 20.0
    total = _scored(lines).loc[("S1", "*")]
    assert total["late_share"] == card["late_share"]


def test_a_share_without_evidence_is_null_with_the_reason() -> None:
    unknown = {"first_expected_date": pd.NaT, "ordered_units": np.nan}
    card = _scored(_lines([unknown] * 12)).loc[("S1", "L1")]
    assert card["reason_code"] == "NO_FIRST_DATES"
    assert card[["late_share", "expected_late_share", "short_share", "receipt_share"]].isna().all()
    few = _scored(_lines([{}] * 3)).loc[("S1", "L1")]
    assert (few["reason_code"], few["status"], few["late_share"]) == ("FEW_SUPPLY_LINES", "FALLBACK", 0.0)
    assert np.isnan(few["late_share_change"])


def test_few_lines_lean_on_the_supplier_and_the_supplier_on_everyone() -> None:
    lines = _lines(
        [_late(5)] * 100
        + [_late(0, location_id="L2")] * 2
        + [_late(0, supplier_id="S2", location_id="L2")] * 100
    )
    cards = _scored(lines)["expected_late_share"]
    assert cards["S1", "L1"] > 0.95 and cards["S2", "L2"] < 0.05
    assert 0.7 < cards["S1", "L2"] < cards["S1", "*"]


def test_the_trend_needs_ten_lines_on_either_side() -> None:
    earlier = {"first_expected_date": AS_OF - 150 * DAY, "last_received_date": AS_OF - 150 * DAY}
    lines = _lines([_late(5)] * 6 + [_late(0)] * 6 + [earlier] * 12)
    card = _scored(lines).loc[("S1", "L1")]
    assert card["recent_late_share"] == 0.5 and card["late_share_change"] == 0.5
    assert np.isnan(_scored(lines.iloc[:20]).loc[("S1", "L1"), "late_share_change"])


def test_our_p90_is_checked_on_orders_placed_since_it_was_estimated() -> None:
    before = lead_time_sample([20.0] * 60, ordered_date=AS_OF - 300 * DAY)
    since = lead_time_sample([20.0] * 8 + [50.0] * 2, line_id="2", ordered_date=AS_OF - 100 * DAY)
    # still within the time it was given: says nothing yet
    fresh = lead_time_sample([3.0] * 5, [True] * 5, line_id="3", ordered_date=AS_OF - 3 * DAY)
    card = _scored(_lines([{}]), pd.concat([before, since, fresh])).loc[("S1", "L1")]
    assert (card["checked_order_count"], card["p90_coverage"]) == (10, pytest.approx(0.8))


def test_lines_of_later_days_and_the_order_of_rows_change_nothing() -> None:
    lines = _lines([_late(5)] * 7 + [_late(0)] * 9)
    planted = _lines([_late(400, supply_order_id=f"F{k}") for k in range(50)])
    pd.testing.assert_frame_equal(_scored(lines), _scored(pd.concat([planted, lines.iloc[::-1]])))


# --- open supply


def test_overdue_supply_is_dated_by_how_late_the_supplier_is_when_it_is_late() -> None:
    lines = _lines([_late(0)] * 60 + [_late(10)] * 30 + [_late(20)] * 10)
    supply = _open(
        [
            {},
            {"stated_date": AS_OF - 4 * DAY, "first_expected_date": AS_OF - 4 * DAY},
            {"stated_date": AS_OF - 12 * DAY, "first_expected_date": AS_OF - 12 * DAY},
            {"stated_date": AS_OF - 200 * DAY, "first_expected_date": AS_OF - 200 * DAY},
        ]
    )
    frame, report = expect_supply(supply, lines, _quantiles(), AS_OF)
    dates = [(row.expected_p50_date - AS_OF).days for row in frame.itertuples()]
    assert dates[:3] == [3, 6, 8]
    assert frame["reason_code"].tolist() == [
        "NOT_YET_DUE",
        "OVERDUE_REDATED",
        "OVERDUE_REDATED",
        "OVERDUE_BEYOND_EVIDENCE",
    ]
    assert frame["is_counted"].tolist() == [True, True, True, False]
    assert len(frame) == len(supply) and report["not_counted"] == 1
    assert (frame["expected_p90_date"] >= frame["expected_p50_date"]).all()
    assert (frame["expected_p50_date"] > AS_OF).all()


def test_a_date_that_was_moved_into_the_future_is_the_earliest_median() -> None:
    lines = _lines([_late(0)] * 60)
    moved = _open([{"first_expected_date": AS_OF - 2 * DAY, "stated_date": AS_OF + 30 * DAY}])
    frame, _ = expect_supply(moved, lines, _quantiles(), AS_OF)
    assert frame.loc[0, "expected_p50_date"] == AS_OF + 30 * DAY


def test_without_a_record_of_dates_the_lead_time_decides_and_else_the_stated_date() -> None:
    sample = lead_time_sample([45.0] * 50)
    supply = _open([{"first_expected_date": pd.NaT}, {"supplier_id": None}])
    frame, _ = expect_supply(supply, _lines([{}]), _quantiles(sample), AS_OF)
    assert frame["method"].tolist() == ["lead_time_given_waiting", "as_stated"]
    assert frame["expected_p50_date"].tolist() == [AS_OF + 5 * DAY, AS_OF + 3 * DAY]
    assert frame["reason_code"].tolist() == ["NOT_YET_DUE", "NO_SUPPLIER_EVIDENCE"]


def test_what_is_waited_for_longer_comes_later_and_future_lines_teach_nothing() -> None:
    generator = np.random.default_rng(2)
    lines = _lines([_late(int(days)) for days in generator.gamma(2.0, 4.0, 200)])
    lines = lines[lines["last_received_date"] <= AS_OF]
    waits = [{"stated_date": AS_OF - k * DAY, "first_expected_date": AS_OF - k * DAY} for k in range(1, 15)]
    frame, _ = expect_supply(_open(waits), lines, _quantiles(), AS_OF)
    total = (frame["expected_p90_date"] - frame["stated_date"]).dt.days
    assert total.is_monotonic_increasing
    planted = _lines([_late(500, supply_order_id=f"F{k}") for k in range(300)])
    again, _ = expect_supply(_open(waits).iloc[::-1], pd.concat([planted, lines]), _quantiles(), AS_OF)
    pd.testing.assert_frame_equal(frame, again)


def test_a_bad_line_stays_and_is_marked() -> None:
    supply = _open([{}, {"open_units": np.nan}])
    frame, _ = expect_supply(supply, _lines([{}] * 6), _quantiles(), AS_OF)
    assert frame["status"].tolist() == ["OK", "QUARANTINED"]
