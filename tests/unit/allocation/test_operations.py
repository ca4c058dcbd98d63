"""Each operation by a small case, each rule by the event that breaks it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.allocation.book import NEVER, Book
from optimization.allocation.operations import kernel, vocabulary
from optimization.allocation.operations.availability import (
    available,
    borrowable,
    borrowed,
    pool_free,
    soft_reserved,
)
from optimization.allocation.operations.events import stated_events
from optimization.allocation.operations.fold import Folded, event_order, fold
from optimization.allocation.operations.vocabulary import OPERATION_NAMES
from optimization.contracts.allocation_columns import PURPOSES, RESERVATION_STATUSES
from optimization.reasons import REASONS
from tests.allocation_books import DAY, END_NS, book, told

TERMS: dict[str, dict[str, Any]] = {
    "DEALER": {"tier": 1, "path": "store/dealer"},
    "FLEET": {"tier": 2, "path": "store/fleet", "borrow_days": 2, "borrow_ratio": 0.5},
    "ONLINE": {"tier": 3, "path": "web", "may_borrow": False},
}


def _start(**more: Any) -> Book:
    """Own 5, 4, 3 and 20 in the common pool."""
    return book(TERMS, [[5, 4, 3]], [20], **more)


def _folded(*operations: dict[str, Any], start: Book | None = None, until: int = END_NS) -> Folded:
    start = start or _start()
    return fold(start, stated_events(start, told(*operations), None), until)


def _lines(folded: Folded) -> list[tuple[str, float, float, float, str]]:
    """Operation, effective units, change of the quota and of the pool, reason."""
    lines = folded.outcomes
    names = [OPERATION_NAMES[code] for code in lines.operation]
    numbers = (lines.effective_units.tolist(), lines.own_units.tolist(), lines.pool_units.tolist())
    return list(zip(names, *numbers, lines.reason.tolist(), strict=True))


def _act(operation: str, segment: str | None = "DEALER", units: float = 1.0, **more: Any) -> dict[str, Any]:
    return {"operation": operation, "segment_id": segment, "units": units, **more}


def test_codes_of_the_kernel_are_places_of_the_words() -> None:
    for code, name in enumerate(vocabulary.REASON_CODES):
        assert getattr(kernel, name) == code and name in REASONS
    for code, name in enumerate(vocabulary.OPERATION_NAMES):
        assert getattr(kernel, name.upper(), code) == code
    assert kernel.SUPPLY_CUT + 1 == vocabulary.ACCEPTED and kernel.NEVER == NEVER
    assert set(vocabulary.RESERVATION_STATES) <= set(RESERVATION_STATUSES)
    assert set(vocabulary.purposes_of(np.arange(len(OPERATION_NAMES)))) <= set(PURPOSES)


def test_allocating_moves_between_pool_and_quota() -> None:
    after = _folded(
        _act("allocate", units=6),
        _act("unallocate", "FLEET", units=1),
        _act("reallocate", "ONLINE", units=3, to_segment_id="FLEET"),
    ).book
    assert after.own.tolist() == [[11, 6, 0]] and after.pool.tolist() == [15]
    assert after.cumulative_allocated.tolist() == [[6, 3, 0]]


def test_consuming_takes_the_own_quota_and_then_lends() -> None:
    folded = _folded(_act("consume", "FLEET", units=9), until=(DAY + pd.Timedelta(days=1)).value)
    assert _lines(folded) == [("consume", 9, -4, -5, "BORROWED_FROM_POOL")]
    assert borrowed(folded.book).tolist() == [[0, 5, 0]]
    assert borrowable(folded.book).tolist() == [[15, 5, 0]]
    assert folded.book.loans.loan_id.tolist() == ["loan/a0001"]


def test_a_loan_lapses_after_its_days_and_still_counts_against_the_ratio() -> None:
    folded = _folded(_act("consume", "FLEET", units=9))
    assert _lines(folded)[1] == ("expire", 5, 0, 0, "LOAN_LAPSED")
    assert folded.outcomes.action_id.tolist() == ["a0001", "expire/loan/a0001"]
    assert folded.outcomes.parent_action_id.tolist() == ["", "a0001"]
    assert folded.outcomes.at[1] == (DAY + pd.Timedelta(days=2, minutes=1)).value
    assert borrowed(folded.book).sum() == 0 and borrowable(folded.book).tolist() == [[15, 5, 0]]


@pytest.mark.parametrize(
    ("term", "room"),
    [
        ({"borrow_ratio": 0.29}, 29.0),
        ({"borrow_cap_units": 7.5}, 7.0),
        ({"may_borrow": False}, 0.0),
        ({}, 90.0),
    ],
)
def test_ratio_cap_and_safety_bound_what_may_be_borrowed(term: dict[str, Any], room: float) -> None:
    start = book({"A": term}, [[1]], [100], safety=10)
    assert borrowable(start).tolist() == [[room]] and available(start).tolist() == [[room + 1]]
    assert pool_free(start).tolist() == [100]
    most = {"segment_id": "A", "operation": "consume"}
    assert _folded({**most, "units": room + 1}, start=start).outcomes.is_accepted.all()
    assert _folded({**most, "units": room + 2}, start=start).outcomes.reason.tolist() == ["BEYOND_ALLOWANCE"]


def test_a_pool_of_fractions_lends_fractions() -> None:
    start = book({"A": {"borrow_ratio": 0.3}}, [[0.1]], [0.5], is_whole=[False])
    folded = _folded(_act("consume", "A", units=0.25), start=start)
    assert folded.outcomes.is_accepted.all() and folded.book.pool[0] == pytest.approx(0.35)
    # 0.3 less 0.1 less 0.1 is a little less than 0.1 in numbers of the machine.
    start = book({"A": {}}, [[0]], [0.3], is_whole=[False])
    tenths = [_act("allocate", "A", units=0.1) for _ in range(3)]
    assert _folded(*tenths, start=start).book.pool.tolist() == [0.0]


def test_demand_without_a_segment_takes_the_pool_and_its_safety() -> None:
    start = _start(safety=18.0)
    folded = _folded(_act("consume", None, units=15), _act("consume", "POOL", units=5), start=start)
    assert folded.book.pool.tolist() == [0] and folded.book.pool_consumed.tolist() == [20]
    assert folded.book.own.tolist() == [[5, 4, 3]] and len(folded.book.loans) == 0


def test_a_reservation_runs_out_and_everything_goes_back() -> None:
    reserve = _act("reserve", "FLEET", units=7, reservation_id="r", until=60)
    held = _folded(reserve, until=(DAY + pd.Timedelta(minutes=59)).value).book
    assert held.own.tolist() == [[5, 0, 3]] and held.pool.tolist() == [17]
    assert soft_reserved(held).tolist() == [[0, 7, 0, 0]]
    after = _folded(reserve)
    assert after.book.own.tolist() == [[5, 4, 3]] and after.book.pool.tolist() == [20]
    assert _lines(after)[1] == ("expire", 7, 4, 3, "RESERVATION_ENDED")
    assert after.book.loans.returned_units.tolist() == [3]
    assert after.book.reservations.status.tolist() == ["EXPIRED"]


def test_an_extended_reservation_is_held_until_its_new_end() -> None:
    folded = _folded(
        _act("reserve", units=2, reservation_id="r", until=60),
        _act("extend", None, reservation_id="r", until=120, minute=30),
        _act("offset", None, units=1, reservation_id="r", minute=90),
        _act("offset", None, units=1, reservation_id="r", minute=121),
    )
    assert folded.outcomes.reason.tolist() == [
        "AS_ASKED",
        "AS_ASKED",
        "RESERVED_BEFORE",
        "RESERVATION_ENDED",
        "RESERVATION_OVER",
    ]
    assert folded.book.consumed.tolist() == [[1, 0, 0]] and folded.book.own.tolist() == [[4, 4, 3]]


def test_releasing_gives_the_pools_part_back_first() -> None:
    folded = _folded(
        _act("reserve", "FLEET", units=7, reservation_id="r"),
        _act("release", None, units=4, reservation_id="r"),
        _act("release", None, units=0, reservation_id="r"),
    )
    assert _lines(folded)[1:] == [
        ("release", 4, 1, 3, "AS_ASKED"),
        ("release", 3, 3, 0, "AS_ASKED"),
    ]
    assert folded.outcomes.segment.tolist() == [1, 1, 1]
    assert folded.book.reservations.status.tolist() == ["RELEASED"]
    assert folded.book.loans.returned_units.tolist() == [3]


def test_consuming_what_was_reserved_deducts_once() -> None:
    folded = _folded(
        _act("reserve", units=4, reservation_id="r"),
        _act("consume", units=6, reservation_id="r"),
    )
    assert _lines(folded)[1] == ("consume", 6, -1, -1, "BORROWED_FROM_POOL")
    assert folded.book.consumed.tolist() == [[6, 0, 0]] and folded.book.pool.tolist() == [19]
    assert folded.book.reservations.status.tolist() == ["CONSUMED"]


def test_an_offset_without_units_consumes_all_that_is_reserved() -> None:
    folded = _folded(
        _act("reserve", units=4, reservation_id="r"), _act("offset", units=0, reservation_id="r")
    )
    assert folded.book.consumed.tolist() == [[4, 0, 0]] and folded.book.own.tolist() == [[1, 4, 3]]


def test_new_supply_of_a_segment_first_returns_its_oldest_loans() -> None:
    folded = _folded(
        _act("consume", units=7),
        _act("consume", units=3),
        _act("adjust", units=4),
        _act("adjust", units=4),
    )
    returns = [line for line in _lines(folded) if line[0] == "return"]
    assert returns == [
        ("return", 2, -2, 2, "LOAN_RETURNED"),
        ("return", 2, -2, 2, "LOAN_RETURNED"),
        ("return", 1, -1, 1, "LOAN_RETURNED"),
    ]
    assert folded.outcomes.action_id.tolist()[3:5] == ["a0003/return/loan/a0001", "a0003/return/loan/a0002"]
    assert folded.book.own.tolist() == [[3, 4, 3]] and folded.book.pool.tolist() == [20]


def test_a_repaid_reservation_is_the_segments_own() -> None:
    folded = _folded(
        _act("reserve", units=7, reservation_id="r"),
        _act("adjust", units=2),
        _act("release", None, units=0, reservation_id="r"),
    )
    assert folded.book.own.tolist() == [[7, 4, 3]] and folded.book.pool.tolist() == [20]


def test_lost_supply_is_cut_from_the_last_tier_first() -> None:
    folded = _folded(_act("adjust", None, units=-25))
    assert _lines(folded) == [
        ("adjust", -25, 0, -20, "AS_ASKED"),
        ("cut", 3, -3, 0, "SUPPLY_CUT"),
        ("cut", 2, -2, 0, "SUPPLY_CUT"),
    ]
    assert folded.outcomes.segment.tolist() == [-1, 2, 1]
    assert folded.outcomes.related_by_action_id.tolist() == ["a0001"] * 3
    equals = book({"A": {}, "B": {}}, [[2, 2]], [0])
    assert _folded(_act("adjust", None, units=-3), start=equals).book.own.tolist() == [[1, 0]]
    named = _folded(_act("adjust", "FLEET", units=-10))
    assert named.book.own.tolist() == [[5, 0, 3]] and named.book.pool.tolist() == [14]


def test_a_request_to_rebalance_is_kept_and_changes_nothing() -> None:
    folded = _folded(_act("rebalance", None))
    assert _lines(folded) == [("rebalance", 0, 0, 0, "REBALANCE_REQUESTED")]
    assert folded.book.applied_actions == {"a0001"}


BREAKING: dict[str, list[dict[str, Any]]] = {
    "EVENT_AHEAD": [_act("allocate", minute=10**5)],
    "UNKNOWN_OPERATION": [_act("give away")],
    "UNKNOWN_POOL": [_act("allocate", item_id="other")],
    "WRONG_LEVEL": [_act("allocate", location_id="*")],
    "UNKNOWN_SEGMENT": [_act("allocate", "NOBODY")],
    "BROKEN_PREFIX": [_act("allocate", "store//north")],
    "ACTION_MISSING": [_act("allocate", action_id=None)],
    "DUPLICATE_ACTION": [_act("allocate", action_id="x"), _act("consume", action_id="x")],
    "UNITS_IMPLAUSIBLE": [_act("allocate", units=float("nan"))],
    "UNITS_NOT_POSITIVE": [_act("allocate", units=-1)],
    "NOT_WHOLE_UNITS": [_act("allocate", units=0.5)],
    "SEGMENT_MISSING": [_act("allocate", "POOL")],
    "SAME_SEGMENT": [_act("reallocate", to_segment_id="DEALER")],
    "POOL_SHORT": [_act("allocate", units=21)],
    "QUOTA_SHORT": [_act("unallocate", units=6)],
    "BEYOND_ALLOWANCE": [_act("consume", "ONLINE", units=4)],
    "SUPPLY_SHORT": [_act("adjust", units=-33)],
    "RESERVATION_MISSING": [_act("reserve")],
    "RESERVATION_EXISTS": [_act("reserve", reservation_id="r")] * 2,
    "RESERVATION_UNKNOWN": [_act("release", reservation_id="r")],
    "RESERVATION_ELSEWHERE": [
        _act("reserve", reservation_id="r"),
        _act("offset", "FLEET", reservation_id="r"),
    ],
    "RESERVATION_OVER": [
        _act("reserve", reservation_id="r"),
        _act("offset", reservation_id="r"),
        _act("release", reservation_id="r"),
    ],
    "RESERVATION_SHORT": [_act("reserve", reservation_id="r"), _act("offset", reservation_id="r", units=2)],
    "EXPIRY_NOT_AHEAD": [_act("reserve", reservation_id="r", until=1)],
}


def test_every_refusal_has_its_case() -> None:
    assert list(BREAKING) == list(vocabulary.REASON_CODES[vocabulary.ACCEPTED :])


@pytest.mark.parametrize("reason", BREAKING)
def test_what_breaks_a_rule_is_kept_and_changes_nothing(reason: str) -> None:
    *before, breaking = BREAKING[reason]
    folded = _folded(*before, breaking)
    lines = folded.outcomes
    assert lines.reason[-1] == reason and not lines.is_accepted[-1]
    assert lines.effective_units[-1] == lines.own_units[-1] == lines.pool_units[-1] == 0
    kept = _folded(*before).book if before else _start()
    assert np.array_equal(folded.book.own, kept.own) and np.array_equal(folded.book.pool, kept.pool)
    assert folded.book.applied_actions == kept.applied_actions


def test_what_was_applied_in_an_earlier_fold_is_not_applied_again() -> None:
    first = _folded(_act("allocate", units=2)).book
    again = _folded(_act("allocate", units=2), start=first)
    assert again.outcomes.reason.tolist() == ["DUPLICATE_ACTION"]
    assert np.array_equal(again.book.own, first.own)


def test_a_refused_action_may_be_told_again() -> None:
    folded = _folded(_act("allocate", units=21, action_id="x"), _act("allocate", units=20, action_id="x"))
    assert folded.outcomes.reason.tolist() == ["POOL_SHORT", "AS_ASKED"]


def test_equal_times_go_by_tier_then_due_date_then_event_id() -> None:
    later, sooner = DAY + pd.Timedelta(days=9), DAY + pd.Timedelta(days=8)
    frame = told(
        _act("consume", None, minute=0),
        _act("consume", "FLEET", minute=0),
        _act("consume", "DEALER", minute=0),
        _act("consume", "DEALER", minute=0, due_date=later),
        _act("consume", "DEALER", minute=0, due_date=sooner),
        _act("consume", "DEALER", minute=0, event_id="a-very-long-event-id-of-more-than-eight-signs"),
        _act("consume", "ONLINE", minute=-1),
    )
    events = stated_events(_start(), frame, None)
    assert event_order(_start(), events).tolist() == [6, 4, 3, 5, 2, 1, 0]


def test_equal_events_go_by_their_id_in_whatever_order_and_script_they_are_told() -> None:
    ids = ["b", "a", "é", "z", "ab", "日", "A"]
    frame = told(
        *(
            _act("consume", "DEALER", minute=minute, event_id=f"{each}{minute}")
            for minute in (1, 0)
            for each in ids
        ),
        *(_act("consume", "DEALER", minute=2, event_id=f"sorted-{number}") for number in range(3)),
    )
    events = stated_events(_start(), frame, None)
    expected = sorted(range(len(frame)), key=lambda row: (events.at[row], events.event_id[row]))
    assert event_order(_start(), events).tolist() == expected


def test_a_segment_may_be_named_by_its_path() -> None:
    folded = _folded(_act("allocate", "store/fleet/", units=2))
    assert folded.book.own.tolist() == [[5, 6, 3]]


def test_order_lines_consume_on_their_day_and_only_once() -> None:
    start = book(TERMS, [[5, 4, 3], [5, 4, 3]], [20, 20], keys=[("item", "L0"), ("whole", "*")])
    orders = pd.DataFrame(
        {
            "order_id": ["o1", "o1", "o2", "o3"],
            "line_id": ["1", "2", "1", "1"],
            "item_id": ["item", "whole", "item", "item"],
            "location_id": ["L0", "L7", "L0", "L0"],
            "segment_id": ["DEALER", "FLEET", "POOL", "DEALER"],
            "order_date": [DAY, DAY, DAY, DAY + pd.Timedelta(days=90)],
            "requested_units": [2.0, 1.0, 4.0, 1.0],
        }
    )
    by_hand = told(_act("consume", units=2, action_id="order/o1/1", minute=-60))
    folded = fold(start, stated_events(start, by_hand, orders, END_NS), END_NS)
    lines = folded.outcomes
    assert lines.action_id.tolist() == ["order/o1/1", "order/o1/1", "order/o1/2", "order/o2/1"]
    assert lines.reason.tolist() == ["AS_ASKED", "DUPLICATE_ACTION", "AS_ASKED", "AS_ASKED"]
    assert folded.book.own.tolist() == [[3, 4, 3], [5, 3, 3]] and folded.book.pool.tolist() == [16, 20]
    assert set(lines.purpose) == {"SEGMENT_CONSUMPTION"}


def test_nothing_told_only_lets_things_end() -> None:
    start = _start()
    none = told(_act("allocate")).iloc[:0]
    folded = fold(start, stated_events(start, none, None), END_NS)
    assert len(folded.outcomes) == 0 and np.array_equal(folded.book.own, start.own)
