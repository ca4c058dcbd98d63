"""Reservations of single units: one has it, nobody steals it, it ends at its time, blocks keep all off."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd
import pytest

from optimization.contracts.order_columns import UNIT_OPERATIONS
from optimization.contracts.order_inputs import UNIT_EVENT
from optimization.contracts.rows import frame_of
from optimization.promising.unit_reservations import _OPERATIONS, ACTIVE_STATES, unit_reservations
from optimization.reasons import REASONS

DAY = pd.Timestamp("2024-01-31")
STOCK = pd.DataFrame({"unit_id": ["V1", "V2"]})
Told = tuple[str, float, str, dict[str, Any]]


def at(hours: float) -> pd.Timestamp:
    return DAY + pd.Timedelta(hours=hours)


def events(*told: Told) -> pd.DataFrame:
    """Events as (operation, hour, reservation, further columns), of V1 unless told otherwise."""
    rows = [
        {
            "event_id": f"e{number}",
            "ledger_seq": number,
            "event_at": at(hour),
            "business_date": DAY,
            "unit_operation": operation,
            "unit_id": "V1",
            "reservation_id": reservation,
            "actor": "ann",
            **more,
        }
        for number, (operation, hour, reservation, more) in enumerate(told, start=1)
    ]
    return frame_of(UNIT_EVENT, rows)


def states(until: float, *told: Told, stock: pd.DataFrame = STOCK) -> dict[str, str]:
    held, _ = unit_reservations(events(*told), stock, at(until))
    return dict(zip(held["reservation_id"], held["unit_reservation_state"], strict=True))


def reasons(*told: Told) -> list[str]:
    _, entry = unit_reservations(events(*told), STOCK, at(1_000))
    by_event: list[str] = entry.sort_values("ledger_seq")["reason_code"].tolist()
    return by_event


def test_every_operation_of_the_contract_is_one_of_the_fold() -> None:
    assert set(_OPERATIONS) == set(UNIT_OPERATIONS)


def test_nothing_told_gives_empty_valid_tables() -> None:
    held, entry = unit_reservations(events(), STOCK, DAY)
    assert held.empty
    assert entry.empty


def test_of_two_holds_the_first_stands_whatever_the_priority() -> None:
    told = (
        ("reserve", 1, "r1", {"order_priority": 9}),
        ("reserve", 2, "r2", {"order_priority": 1}),
        ("confirm", 3, "r1", {}),
        ("reserve", 4, "r3", {"order_priority": 1}),
    )
    assert states(5, *told) == {"r1": "CONFIRMED"}
    assert reasons(*told) == ["AS_ASKED", "UNIT_TAKEN", "AS_ASKED", "UNIT_TAKEN"]


def test_a_hold_is_over_at_its_end_and_not_before() -> None:
    told: tuple[Told, ...] = (("reserve", 1, "r1", {"expires_at": at(5)}),)
    assert states(4.99, *told) == {"r1": "HELD"}
    assert states(5, *told) == {"r1": "EXPIRED"}
    after = (*told, ("reserve", 5, "r2", {}), ("confirm", 6, "r1", {}))
    assert states(7, *after) == {"r1": "EXPIRED", "r2": "HELD"}
    assert reasons(*after) == ["AS_ASKED", "AS_ASKED", "RESERVATION_OVER"]
    held, _ = unit_reservations(events(*after), STOCK, at(7))
    assert held.set_index("reservation_id").loc["r1", "closed_at"] == at(5)


@pytest.mark.parametrize(
    ("sale", "state", "reason"),
    [
        ({}, "DELIVERED", "UNIT_SOLD"),
        ({"customer_id": "C1"}, "DELIVERED", "UNIT_SOLD"),
        ({"order_id": "O9"}, "DELIVERED", "UNIT_SOLD"),
        ({"customer_id": "C2", "order_id": "O9"}, "BROKEN", "UNIT_SOLD_ELSEWHERE"),
    ],
)
def test_a_sale_that_the_source_reports_consumes_the_reservation(
    sale: dict[str, str], state: str, reason: str
) -> None:
    told = (
        ("reserve", 1, "r1", {"customer_id": "C1", "expires_at": at(500)}),
        ("reserve", 30, "r2", {"business_date": DAY + pd.Timedelta(days=1)}),
    )
    nobody = {"unit_id": "V1", "sold_date": DAY, "customer_id": None, "order_id": None}
    sold = pd.DataFrame([{**nobody, **sale}, {**nobody, "unit_id": "V2"}])
    held, entry = unit_reservations(events(*told), STOCK, at(40), unit_sale=sold)
    rows = held.set_index("reservation_id")
    assert rows.loc["r1", ["unit_reservation_state", "reason_code"]].tolist() == [state, reason]
    assert rows.loc["r1", "closed_at"] == DAY + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)
    # the day after it may be there again, and is free
    assert rows.loc["r2", "unit_reservation_state"] == "HELD"
    assert entry["entry_status"].tolist() == ["accepted", "accepted"]
    before, _ = unit_reservations(events(*told), STOCK, at(20), unit_sale=sold)
    assert before["unit_reservation_state"].tolist() == ["HELD"]


def test_a_hold_without_an_end_lasts_the_hours_of_the_setting() -> None:
    told: Told = ("reserve", 1, "r1", {})
    held, _ = unit_reservations(events(told), STOCK, at(2), hold_hours=10)
    assert held["expires_at"].tolist() == [at(11)]


def test_a_confirmed_reservation_has_no_end_and_cannot_be_extended() -> None:
    told = (
        ("reserve", 1, "r1", {"expires_at": at(5)}),
        ("confirm", 2, "*", {"order_id": "O1"}),
        ("extend", 3, "*", {"expires_at": at(9)}),
        ("confirm", 4, "*", {}),
    )
    held, _ = unit_reservations(events(*told), STOCK, at(999))
    assert held[["unit_reservation_state", "order_id"]].values.tolist() == [["CONFIRMED", "O1"]]
    assert held["expires_at"].isna().all()
    assert reasons(*told)[2:] == ["RESERVATION_CONFIRMED", "RESERVATION_CONFIRMED"]


def test_only_a_later_end_extends_and_only_what_has_not_ended() -> None:
    told = (
        ("reserve", 1, "r1", {"expires_at": at(5)}),
        ("extend", 2, "r1", {"expires_at": at(4)}),
        ("extend", 2, "r1", {}),
        ("extend", 3, "r1", {"expires_at": at(8)}),
        ("extend", 8, "r1", {"expires_at": at(20)}),
    )
    assert reasons(*told) == [
        "AS_ASKED",
        "EXPIRY_NOT_LATER",
        "EXPIRY_NOT_LATER",
        "AS_ASKED",
        "RESERVATION_OVER",
    ]


@pytest.mark.parametrize(
    ("operation", "state"), [("release", "RELEASED"), ("cancel", "CANCELLED"), ("consume", "DELIVERED")]
)
def test_each_way_to_end_frees_the_unit(operation: str, state: str) -> None:
    next_day = {"business_date": DAY + pd.Timedelta(days=1)}
    told = (
        ("reserve", 1, "r1", {}),
        (operation, 2, "r1", {"order_id": "O1"}),
        ("reserve", 3, "r2", next_day),
    )
    assert states(4, *told) == {"r1": state, "r2": "HELD"}
    held, _ = unit_reservations(events(*told), STOCK, at(4))
    assert held["order_id"].tolist()[0] == "O1"


def test_a_delivered_unit_is_nobody_elses_before_another_release() -> None:
    told = (("reserve", 1, "r1", {}), ("consume", 2, "r1", {}), ("reserve", 3, "r2", {}))
    assert reasons(*told) == ["AS_ASKED", "AS_ASKED", "UNIT_DELIVERED"]
    assert states(4, *told) == {"r1": "DELIVERED"}


def test_a_block_breaks_what_stands_refuses_all_else_and_is_lifted() -> None:
    told = (
        ("reserve", 1, "r1", {}),
        ("confirm", 1, "r1", {}),
        ("block", 2, "b1", {"hold_kind": "recall"}),
        ("block", 3, "b2", {"hold_kind": "quality"}),
        ("consume", 4, "r1", {}),
        ("unblock", 5, "b1", {}),
        ("unblock", 5, "b1", {}),
    )
    assert states(6, *told) == {"r1": "BROKEN", "b1": "UNBLOCKED", "b2": "BLOCKED"}
    assert reasons(*told)[4:] == ["UNIT_BLOCKED", "AS_ASKED", "UNIT_NOT_BLOCKED"]
    whole = (*told, ("unblock", 6, "*", {}), ("consume", 7, "r1", {}))
    assert states(6.5, *whole) == {"r1": "CONFIRMED", "b1": "UNBLOCKED", "b2": "UNBLOCKED"}
    assert states(8, *whole)["r1"] == "DELIVERED"
    blocked_first = (("block", 1, "b1", {"hold_kind": "damage"}), ("reserve", 2, "r1", {}))
    assert reasons(*blocked_first) == ["AS_ASKED", "UNIT_BLOCKED"]


def test_a_unit_that_is_gone_breaks_its_reservation_unless_it_was_delivered() -> None:
    nothing = STOCK[:0]
    told: Told = ("reserve", 1, "r1", {})
    assert states(2, told, stock=nothing) == {"r1": "BROKEN"}
    assert states(3, told, ("consume", 2, "r1", {}), stock=nothing) == {"r1": "DELIVERED"}


def test_a_reservation_is_named_rightly_or_refused() -> None:
    told = (
        ("release", 1, "*", {}),
        ("reserve", 2, "r1", {}),
        ("reserve", 3, "r1", {"unit_id": "V2"}),
        ("release", 4, "r9", {}),
        ("release", 5, "r1", {"unit_id": "V2"}),
        ("reserve", 6, "r2", {"unit_id": "V2", "expires_at": at(6)}),
    )
    assert reasons(*told) == [
        "UNIT_FREE",
        "AS_ASKED",
        "RESERVATION_EXISTS",
        "RESERVATION_UNKNOWN",
        "RESERVATION_ELSEWHERE",
        "EXPIRY_NOT_AHEAD",
    ]


def test_whatever_is_told_one_reservation_is_active_per_unit_and_order_of_rows_says_nothing() -> None:
    draw = random.Random(7)
    for _ in range(20):
        told = [
            (
                draw.choice(UNIT_OPERATIONS),
                draw.randint(1, 40),
                draw.choice(["r1", "r2", "r3", "*"]) if draw.random() < 0.6 else f"n{number}",
                {"unit_id": draw.choice(["V1", "V2"]), "hold_kind": "quality"}
                | ({"expires_at": at(draw.randint(1, 60))} if draw.random() < 0.5 else {}),
            )
            for number in range(30)
        ]
        frame = events(*told)
        held, entry = unit_reservations(frame, STOCK, at(45))
        again, lines = unit_reservations(frame.sample(frac=1, random_state=1), STOCK, at(45))
        pd.testing.assert_frame_equal(held, again)
        pd.testing.assert_frame_equal(entry, lines)
        active = held[held["unit_reservation_state"].isin(ACTIVE_STATES)]
        assert active["unit_id"].is_unique
        assert set(entry["reason_code"]) | set(held["reason_code"]) <= set(REASONS)
        assert ((entry["entry_status"] == "accepted") == (entry["reason_code"] == "AS_ASKED")).all()
        ended = ~held["unit_reservation_state"].isin([*ACTIVE_STATES, "BLOCKED"])
        assert held["closed_at"].notna().eq(ended).all()
