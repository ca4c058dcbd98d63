"""Available to promise: the published examples, places and quotas by hand, and what counts for what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.parameters import AtpParameters
from optimization.promising.atp import available_to_promise
from optimization.promising.look_ahead import (
    days_due,
    discrete,
    first_date,
    first_short_day,
    look_ahead,
    net_back,
    projected,
    shortage,
)
from optimization.promising.running import promise_places, sorted_flows
from tests.science_frames import AS_OF, commitment, item_location, supply_expectation

EXAMPLES = json.loads(
    (Path(__file__).parents[2] / "oracles" / "cases" / "worked_examples.json").read_text("utf-8")
)["atp_lookahead"]
NOTHING_OWED = commitment([])


@pytest.mark.parametrize("given", EXAMPLES, ids=range(len(EXAMPLES)))
def test_a_published_example_is_met_to_the_unit(given: dict[str, Any]) -> None:
    stock = np.array([given["on_hand"]], dtype=float)
    supply, owed = (np.array([given[name]], dtype=float) for name in ("supply", "demand"))
    balance = projected(stock, supply, owed)
    found = discrete(stock, supply, owed)
    assert look_ahead(balance)[0].tolist() == given["expected"]
    assert balance[0].tolist() == given.get("projected", balance[0].tolist())
    assert found[0].tolist() == given.get("discrete_raw", found[0].tolist())
    assert net_back(found)[0].tolist() == given.get("discrete_net_backed", net_back(found)[0].tolist())


def test_overcommitment_is_told_with_quantity_and_day() -> None:
    balance = projected(np.array([5.0]), np.array([[0, 0, 10.0]]), np.array([[2.0, 7, 0]]))
    assert shortage(balance).tolist() == [4.0]
    assert first_short_day(balance).tolist() == [1]
    assert first_date(np.maximum(look_ahead(balance), 0), np.array([6.0])).tolist() == [2]
    assert first_date(np.maximum(look_ahead(balance), 0), np.array([7.0])).tolist() == [-1]


def test_late_supply_is_dropped_or_expected_anew_and_late_demand_is_due_today() -> None:
    days, is_supply = np.array([-4, -1, 2, 9]), np.array([True, False, True, False])
    assert days_due(days, is_supply, "drop").tolist() == [-1, 0, 2, 9]
    assert days_due(days, is_supply, "redate").tolist() == [0, 0, 2, 9]
    assert days_due(days, is_supply, "redate", np.array([6, 6, 6, 6])).tolist() == [6, 0, 2, 9]


# --- the table


def _supply(rows: list[tuple[str, float, int, int]], **columns: Any) -> pd.DataFrame:
    """`opt_out__supply_expectation` of item I1 from (location, units, P50 day, P90 day)."""
    values: dict[str, Any] = {
        "location_id": [row[0] for row in rows],
        "open_units": [row[1] for row in rows],
        "expected_p50_date": [AS_OF + pd.Timedelta(days=row[2]) for row in rows],
        "expected_p90_date": [AS_OF + pd.Timedelta(days=row[3]) for row in rows],
    }
    return supply_expectation(**values | columns)


def _allocation(rows: Sequence[tuple[str, str, float, float]]) -> pd.DataFrame:
    names = ["location_id", "segment_id", "available_units", "borrowable_units"]
    return pd.DataFrame(list(rows), columns=names).assign(item_id="I1")


def _reservation(rows: Sequence[tuple[str, float, float | None]], status: str = "ACTIVE") -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["location_id", "open_units", "expires_at"])
    ends = pd.to_timedelta(frame["expires_at"].astype(float), unit="D")
    return frame.assign(item_id="I1", reservation_status=status, expires_at=AS_OF + ends)


def _promise(
    stock: list[float],
    supply: pd.DataFrame | None = None,
    owed: pd.DataFrame = NOTHING_OWED,
    quotas: Sequence[tuple[str, str, float, float]] = (),
    held: Sequence[tuple[str, float, float | None]] = (),
    **terms: Any,
) -> pd.DataFrame:
    """The table for I1 at L1 … Ln with `stock`; dates as days from today."""
    columns, is_network = terms.pop("columns", {}), terms.pop("network", False)
    movement = terms.pop("movement", None)
    frame, report = available_to_promise(
        item_location(len(stock), on_hand_units=stock, **columns),
        _supply([]) if supply is None else supply,
        owed,
        _allocation(quotas),
        _reservation(held),
        AS_OF,
        AtpParameters(**terms),
        movement,
    )
    assert report["rows_out"] == len(frame)
    if not is_network:
        frame = frame[frame["location_id"] != "*"].reset_index(drop=True)
    return frame.assign(day=(frame["from_date"] - AS_OF).dt.days)


def _rows(frame: pd.DataFrame, segment: str = "*", location: str = "L1") -> list[tuple[int, float, float]]:
    chosen = frame[(frame["segment_id"] == segment) & (frame["location_id"] == location)]
    return list(zip(chosen["day"], chosen["atp_units"], chosen["expected_atp_units"], strict=True))


def test_supply_counts_at_its_safe_date_and_is_hoped_for_at_its_expected_one() -> None:
    frame = _promise([20.0], _supply([("L1", 10.0, 3, 8)]), commitment([("L1", "RETAIL", 5, 15.0)]))
    assert _rows(frame) == [(0, 5.0, 15.0), (8, 15.0, 15.0)]
    assert frame["reason_code"].unique().tolist() == ["COMMITMENTS_KEPT"]


def test_what_is_reserved_in_the_snapshot_is_not_promised_again() -> None:
    assert _rows(_promise([20.0], columns={"reserved_units": 6.0})) == [(0, 14.0, 14.0)]


def test_a_soft_reservation_holds_until_it_ends_and_an_ended_one_does_not() -> None:
    assert _rows(_promise([20.0], held=[("L1", 6.0, 2.5), ("L1", 1.0, None)])) == [
        (0, 13.0, 13.0),
        (3, 19.0, 19.0),
    ]


def test_what_left_since_the_snapshot_is_gone() -> None:
    left = pd.DataFrame({"item_id": ["I1"], "location_id": ["L1"], "quantity_units": [-8.0]})
    assert _rows(_promise([20.0], movement=left)) == [(0, 12.0, 12.0)]


def test_a_commitment_counts_within_the_horizon_or_the_lead_time_only() -> None:
    owed = commitment([("L1", "RETAIL", 40, 20.0)])
    assert _rows(_promise([20.0], owed=owed))[0][1] == 0.0
    assert _rows(_promise([20.0], owed=owed, horizon_days=30))[0][1] == 20.0
    assert _rows(_promise([20.0], owed=owed, within_lead_time=True))[0][1] == 20.0
    overdue = commitment([("L1", "RETAIL", -400, 20.0)])
    assert _rows(_promise([20.0], owed=overdue, horizon_days=30))[0][1] == 0.0


def test_overdue_supply_is_dated_anew_or_dropped_and_untrusted_supply_never_counts() -> None:
    late = _supply([("L1", 10.0, 3, 8)], is_overdue=True)
    assert _rows(_promise([1.0], late))[-1] == (8, 11.0, 11.0)
    assert _rows(_promise([1.0], late, overdue="drop")) == [(0, 1.0, 1.0)]
    assert _rows(_promise([1.0], late.assign(is_counted=False))) == [(0, 1.0, 1.0)]


def test_a_shortage_is_told_with_its_first_day() -> None:
    frame = _promise([4.0], owed=commitment([("L1", "RETAIL", 2, 3.0), ("L1", "FLEET", 6, 3.0)]))
    row = frame.iloc[0]
    assert (row["atp_units"], row["shortage_units"]) == (0.0, 2.0)
    assert row["first_short_date"] == AS_OF + pd.Timedelta(days=6)
    assert row["reason_code"] == "OVER_COMMITTED"


def test_a_segment_is_promised_its_quota_and_never_more_than_the_place_has() -> None:
    quotas = [("L1", "FLEET", 15.0, 0.0), ("L1", "POOL", 5.0, 0.0), ("L1", "RETAIL", 2.0, 1.0)]
    owed = commitment([("L1", "STAFF", 4, 8.0)])
    frame = _promise([20.0], _supply([("L1", 10.0, 3, 3)]), owed, quotas).set_index("segment_id")
    fleet = frame.loc[["FLEET"]]
    assert fleet["day"].tolist() == [0]
    assert fleet["atp_units"].tolist() == [15.0]
    assert frame.loc["RETAIL", "reason_code"] == "QUOTA_BINDS"
    assert frame["is_shared_pool"].groupby(level=0).first().to_dict() == {
        "*": False,
        "FLEET": False,
        "POOL": True,
        "RETAIL": True,
    }


def test_a_place_that_has_less_binds_its_segments_until_supply_comes() -> None:
    owed = commitment([("L1", "STAFF", 1, 12.0)])
    frame = _promise([20.0], _supply([("L1", 10.0, 3, 6)]), owed, [("L1", "FLEET", 15.0, 0.0)])
    assert _rows(frame, "FLEET") == [(0, 8.0, 8.0), (3, 8.0, 15.0), (6, 15.0, 15.0)]
    assert frame[frame["segment_id"] == "FLEET"]["reason_code"].tolist() == [
        "PLACE_BINDS",
        "PLACE_BINDS",
        "QUOTA_BINDS",
    ]


def test_a_segments_own_orders_take_from_its_quota_until_the_next_supply() -> None:
    owed = commitment([("L1", "FLEET", 2, 4.0), ("L1", "FLEET", 9, 4.0)])
    frame = _promise([20.0], _supply([("L1", 10.0, 3, 6)]), owed, [("L1", "FLEET", 6.0, 0.0)])
    assert _rows(frame, "FLEET") == [(0, 2.0, 2.0)]
    short = _promise([20.0], None, owed, [("L1", "FLEET", 6.0, 0.0)]).set_index("segment_id").loc["FLEET"]
    assert (short["atp_units"], short["shortage_units"]) == (0.0, 2.0)
    assert short["first_short_date"] == AS_OF + pd.Timedelta(days=9)


def test_a_pool_of_all_locations_caps_its_segments_at_each() -> None:
    frame = _promise(
        [20.0, 3.0], owed=commitment([("L2", "FLEET", 1, 1.0)]), quotas=[("*", "FLEET", 6.0, 0.0)]
    )
    assert _rows(frame, "FLEET", "L1") == [(0, 5.0, 5.0)]
    assert _rows(frame, "FLEET", "L2") == [(0, 2.0, 2.0)]
    assert frame[frame["segment_id"] == "FLEET"]["is_shared_pool"].all()


def test_an_implausible_row_costs_its_own_place_only() -> None:
    frame = _promise([20.0, 5.0], _supply([("L1", np.nan, 3, 8)])).set_index("location_id")
    assert frame.loc["L1", ["atp_units", "status", "reason_code"]].tolist() == [
        0.0,
        "QUARANTINED",
        "INPUT_IMPLAUSIBLE",
    ]
    assert frame.loc["L2", ["atp_units", "status"]].tolist() == [5.0, "OK"]


def test_rows_come_in_key_order_whatever_the_order_of_the_input() -> None:
    places = item_location(3, on_hand_units=[4.0, 5.0, 6.0])
    quotas = _allocation([("L2", "B", 1.0, 0.0), ("L1", "A", 2.0, 0.0), ("L2", "A", 9.0, 0.0)])
    supply = _supply([("L3", 2.0, 1, 2), ("L1", 7.0, 5, 9)])
    given = (NOTHING_OWED, quotas, _reservation([]), AS_OF, AtpParameters())
    frame, _ = available_to_promise(places, supply, *given)
    turned, _ = available_to_promise(places[::-1], supply[::-1], *given)
    pd.testing.assert_frame_equal(frame, turned)
    key = ["item_id", "location_id", "segment_id", "from_date"]
    pd.testing.assert_frame_equal(frame, frame.sort_values(key, ignore_index=True))


def test_a_shortage_is_what_a_day_ends_with() -> None:
    within_a_day = (np.array(one) for one in ([0, 0], [2, 2], [-15.0, 15.0], [-15.0, 15.0]))
    _, short, day = promise_places(np.array([10.0]), sorted_flows(1, *within_a_day))
    assert (short.tolist(), day.tolist()) == ([0.0], [-1])


# --- cumulative, discrete, and the network


def test_the_discrete_promise_adds_up_to_the_promise_and_the_projection_looks_no_further() -> None:
    owed = commitment([("L1", "RETAIL", 5, 15.0)])
    frame = _promise([20.0], _supply([("L1", 10.0, 3, 3), ("L1", 4.0, 8, 8)]), owed)
    assert frame[["day", "atp_units", "projected_units", "discrete_units"]].to_numpy().tolist() == [
        [0, 15.0, 20.0, 15.0],
        [8, 19.0, 19.0, 4.0],
    ]


def test_a_segments_projection_is_what_its_quota_has_left_at_most() -> None:
    owed = commitment([("L1", "FLEET", 1, 8.0)])
    frame = _promise([20.0], None, owed, [("L1", "FLEET", 6.0, 0.0), ("L1", "RETAIL", 14.0, 0.0)])
    rows = frame.set_index("segment_id")[["atp_units", "projected_units", "discrete_units"]]
    assert rows.loc["FLEET"].tolist() == [0.0, -2.0, 0.0]
    assert rows.loc["RETAIL"].tolist() == [12.0, 14.0, 12.0]


def test_the_network_is_not_the_sum_of_its_places() -> None:
    # L2 owes what only L1 has: no place can promise it, the network can be asked to move it.
    owed = commitment([("L2", "RETAIL", 1, 5.0)])
    frame = _promise([20.0, 2.0], _supply([("L2", 4.0, 6, 6)]), owed, network=True)
    assert _rows(frame, location="*") == [(0, 17.0, 17.0), (6, 21.0, 21.0)]
    assert [_rows(frame, location=place)[-1][1] for place in ("L1", "L2")] == [20.0, 1.0]
    row = frame[frame["location_id"] == "*"].iloc[0]
    assert (bool(row["is_shared_pool"]), row["reason_code"]) == (True, "NETWORK_SUM")
    assert (row["projected_units"], row["shortage_units"]) == (22.0, 0.0)


def test_a_network_with_an_unsound_place_is_told_as_such() -> None:
    frame = _promise([20.0, 5.0], _supply([("L1", np.nan, 3, 8)]), network=True)
    assert frame.set_index("location_id").loc["*", ["atp_units", "status"]].tolist() == [5.0, "QUARANTINED"]
