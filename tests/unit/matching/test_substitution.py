"""Offers of stock to waiting orders: what may be offered, what it is worth, and to whom first."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from optimization.contracts.order_inputs import CONFIG_OPTION, MTO_ORDER
from optimization.contracts.order_outputs import (
    MATCH_OUTCOME,
    MTO_ORDER_STATUS,
    MTO_SLOT_ASSIGNMENT,
    SLOT_LOAD,
)
from optimization.promising.substitution import substitutes
from tests.matching_frames import AS_OF, of_table, stock_unit, unit_atp

MONDAY = pd.Timestamp("2024-08-05")
SLOT = {"plant_id": "P1", "production_line_id": "A", "week_start_date": MONDAY}
OPTIONS = of_table(
    CONFIG_OPTION,
    5,
    option_id=["HEAT", "RAMP", "TOW", "WHITE", "XLE"],
    option_family=["comfort", "accessibility", "packages", "colour", "trim"],
    option_name=["Heated seats", "Ramp", "Tow bar", "Ice Cap", "xle"],
    lead_time_class="standard",
)


def _order(rows: int, **columns: Any) -> pd.DataFrame:
    values = {
        "order_id": [f"M{number}" for number in range(rows)],
        "location_id": "L1",
        "region": "north",
        "model": "camry",
        "market": "US",
        "options": "HEAT|TOW|WHITE|XLE",
        "order_date": AS_OF - pd.Timedelta(days=20),
        "order_status": "open",
        "order_priority": 1,
        "order_weight": 1.0,
        "credit_status": "approved",
        "lead_time_class": "standard",
        "quoted_price": 30_300.0,
    }
    return of_table(MTO_ORDER, rows, **(values | columns))


def _offers(order: pd.DataFrame, stock: pd.DataFrame, slot_price: float = 500.0, **more: Any) -> pd.DataFrame:
    rows = len(order)
    status = of_table(
        MTO_ORDER_STATUS,
        rows,
        order_id=order["order_id"],
        delay_status="on_track",
        is_stuck=False,
        is_silent=False,
        is_blocked=False,
        delay_days=0.0,
        predicted_p90_date=AS_OF + pd.Timedelta(days=71),
        reason_code="MADE",
        method="made",
        status="OK",
    )
    slot = of_table(
        MTO_SLOT_ASSIGNMENT,
        rows,
        order_id=order["order_id"],
        is_frozen=False,
        is_moved=False,
        is_expedited=False,
        is_promise_broken=False,
        lateness_days=0.0,
        reason_code="MADE",
        method="made",
        status="OK",
        **SLOT,
    )
    load = of_table(
        SLOT_LOAD,
        1,
        option_id="*",
        slot_units=5.0,
        used_units=5.0,
        left_units=0.0,
        freed_units=0.0,
        slot_price=slot_price,
        is_frozen=False,
        is_binding=True,
        **SLOT,
    )
    return substitutes(order, status, load, slot, stock, unit_atp(stock), OPTIONS, AS_OF, **more)[0]


def test_the_unit_that_is_as_ordered_is_offered_with_the_worth_of_the_slot() -> None:
    stock = stock_unit(1, options="HEAT|TOW", trim="xle")
    offer = _offers(_order(1), stock).iloc[0]
    assert (offer["fit_share"], offer["days_earlier"], offer["price_delta"]) == (1.0, 70.0, -300.0)
    assert offer["differences"] == "as ordered" and offer["slot_value"] == 500.0
    assert offer["offer_value"] == pytest.approx(70 * 25 + 500)


@pytest.mark.parametrize(
    ("order", "unit"),
    [
        ({"options": "HEAT|RAMP|TOW"}, {}),  # nobody who needs a ramp settles for none
        ({}, {"trim": "le"}),  # fits to two thirds
        ({}, {"list_price": 31_400.0}),  # costs 1,100 more
        ({}, {"model": "supra"}),
        ({}, {"is_sellable": False}),
        ({"order_status": "quoted"}, {}),
    ],
)
def test_what_does_not_fit_is_not_offered(order: dict[str, Any], unit: dict[str, Any]) -> None:
    stock = stock_unit(1, **({"options": "HEAT|TOW", "trim": "xle"} | unit))
    assert _offers(_order(1, **order), stock).empty


def test_a_unit_that_a_request_is_to_have_is_not_offered() -> None:
    stock = stock_unit(1, options="HEAT|TOW", trim="xle")
    taken = of_table(
        MATCH_OUTCOME,
        1,
        request_id="R1",
        candidate_count=1,
        unit_id="U000000",
        match_score=1.0,
        reason_code="MATCHED",
        method="made",
        status="OK",
    )
    assert _offers(_order(1), stock, match_outcome=taken).empty


def test_a_unit_is_the_first_offer_of_one_order_only() -> None:
    stock = stock_unit(
        3, options=["HEAT|TOW", "HEAT|TOW", "TOW"], trim="xle", color=["Ice Cap", "Snow", "Ice Cap"]
    )
    offers = _offers(_order(2), stock)
    first = offers[offers["offer_rank"] == 1]
    assert first["order_id"].tolist() == ["M0", "M1"] and first["unit_id"].is_unique
    assert offers["differences"].isin(["as ordered", "colour Snow instead of Ice Cap"]).all()
