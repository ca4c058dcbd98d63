"""Which units can be promised, when they are ready, and the one reason why one cannot."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from optimization.order_parameters import PromiseParameters
from optimization.promising.unit_atp import unit_available_to_promise
from tests.promise_frames import stock_unit, unit_hold, unit_reservation
from tests.science_frames import AS_OF, supply_expectation

NO_SUPPLY = supply_expectation(location_id=[])
NOBODY, NO_HOLD = unit_reservation(), unit_hold()


def _told(
    units: pd.DataFrame,
    holds: pd.DataFrame = NO_HOLD,
    held: pd.DataFrame = NOBODY,
    supply: pd.DataFrame = NO_SUPPLY,
) -> pd.DataFrame:
    frame, report = unit_available_to_promise(units, holds, held, supply, AS_OF, PromiseParameters())
    assert report["promisable_units"] == int(frame["is_promisable"].sum())
    return frame.set_index("unit_id")


def _days(frame: pd.DataFrame) -> dict[str, list[float]]:
    dates = frame[["ready_p50_date", "ready_p90_date"]]
    return {
        unit: [(day - AS_OF).days for day in row]
        for unit, row in zip(frame.index, dates.itertuples(index=False), strict=True)
    }


@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        ({}, "UNIT_AT_PLACE"),
        ({"is_sellable": False}, "UNIT_NOT_FOR_SALE"),
        ({"is_pre_sold": True}, "UNIT_PRE_SOLD"),
        ({"is_held": True}, "UNIT_ON_HOLD"),
        ({"is_unseen": True}, "UNIT_UNSEEN"),
        ({"order_id": "M1"}, "UNIT_OF_ORDER"),
        ({"unit_status": "sold"}, "UNIT_GONE"),
        ({"unit_status": "port_to_dealer"}, "UNIT_WITHOUT_DATE"),
        ({"unit_status": "port_to_dealer", "available_from_date": 6}, "UNIT_ON_ITS_WAY"),
        ({"unit_cost": float("nan")}, "INPUT_IMPLAUSIBLE"),
        ({"is_held": True, "is_pre_sold": True, "is_sellable": False}, "UNIT_ON_HOLD"),
    ],
)
def test_a_unit_has_the_gravest_reason_alone(unit: dict[str, Any], reason: str) -> None:
    row = _told(stock_unit(unit)).iloc[0]
    assert (row["reason_code"], bool(row["is_promisable"])) == (
        reason,
        reason in ("UNIT_AT_PLACE", "UNIT_ON_ITS_WAY"),
    )


def test_a_hold_counts_from_its_first_day_until_the_day_it_ends() -> None:
    holds = unit_hold(
        {"unit_id": "U1", "opened_date": 0},
        {"unit_id": "U2", "opened_date": -9, "closed_date": 0},
        {"unit_id": "U3", "opened_date": -9, "closed_date": 1},
        {"unit_id": "U4", "opened_date": 1},
    )
    told = _told(stock_unit({}, {}, {}, {}), holds)
    assert told["is_promisable"].tolist() == [False, True, False, True]


def test_an_active_reservation_or_block_keeps_others_away_and_an_ended_one_does_not() -> None:
    states = ["HELD", "CONFIRMED", "BROKEN", "BLOCKED", "RELEASED", "EXPIRED", "DELIVERED", "UNBLOCKED"]
    held = [
        {"unit_id": f"U{n}", "unit_reservation_state": state, "order_id": f"O{n}"}
        for n, state in enumerate(states, 1)
    ]
    told = _told(stock_unit(*[{}] * len(states)), held=unit_reservation(*held))
    assert told["reason_code"].tolist() == [*["UNIT_RESERVED"] * 3, "UNIT_BLOCKED", *["UNIT_AT_PLACE"] * 4]
    assert told["order_id"].tolist() == ["O1", "O2", "O3", None, None, None, None, None]


def test_a_unit_is_ready_when_it_is_there_and_prepared() -> None:
    coming = {"unit_status": "factory_to_port", "line_id": "1", "supply_order_id": "P0"}
    supply = supply_expectation(
        location_id=["L1", "L1"],
        supply_order_id=["P0", "P1"],
        expected_p50_date=[AS_OF + pd.Timedelta(days=8)] * 2,
        expected_p90_date=[AS_OF + pd.Timedelta(days=15)] * 2,
        is_counted=[True, False],
    )
    told = _told(
        stock_unit(
            {"available_from_date": -40},
            {"available_from_date": 3, "preparation_days": 0.5},
            coming,
            coming | {"supply_order_id": "P1"},
        ),
        supply=supply,
    )
    days = _days(told)
    assert (days["U1"], days["U2"], days["U3"]) == ([2, 2], [4, 4], [10, 17])
    assert told.loc["U4", "reason_code"] == "UNIT_WITHOUT_DATE"


def test_no_units_give_no_rows() -> None:
    assert _told(stock_unit()).empty
