"""The worked examples of the two reference systems that concern operations, to the unit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from optimization.allocation.book import Book
from optimization.allocation.operations.availability import available, pool_free
from optimization.allocation.operations.events import stated_events
from optimization.allocation.operations.fold import fold
from tests.allocation_books import DAY, END_NS, book, told

CASES = json.loads(
    (Path(__file__).parents[2] / "oracles" / "cases" / "worked_examples.json").read_text("utf-8")
)


def _after(start: Book, *operations: dict[str, Any], minutes: int | None = None) -> Book:
    until = END_NS if minutes is None else (DAY + pd.Timedelta(minutes=minutes)).value
    folded = fold(start, stated_events(start, told(*operations), None), until)
    assert folded.outcomes.is_accepted.all()
    return folded.book


@pytest.mark.parametrize("case", CASES["unsegmented_consumption"][:2], ids=["before", "after"])
@pytest.mark.parametrize("operation", ["consume", "reserve"])
def test_unsegmented_stock_is_available_to_every_segment_that_may_use_it(
    case: dict[str, Any], operation: str
) -> None:
    terms = {name: {"may_borrow": may} for name, may in case["may_borrow"].items()}
    start = book(terms, [[case["own"][name] for name in sorted(terms)]], [case["unsegmented"]])
    wanted = [
        {"operation": operation, "segment_id": name, "units": units, "reservation_id": name}
        for name, units in case["demand"].items()
    ]
    after = _after(start, *wanted) if wanted else start
    expected = case["expected_availability"]
    assert available(after)[0].tolist() == [expected[name] for name in sorted(terms)]
    assert pool_free(after).tolist() == [case["expected_unsegmented"]]
    assert after.own[0, sorted(terms).index("MARKETPLACE")] == case["own"]["MARKETPLACE"]


def test_segmented_stock_is_used_before_any_that_is_not() -> None:
    """The units of all nodes together, as one pool: no more unsegmented than the least possible."""
    case = CASES["unsegmented_consumption"][2]
    own, common = (sum(stock[part] for stock in case["nodes"].values()) for part in (0, 1))
    start = book({"SEGMENT": {}}, [[own]], [common])
    after = _after(start, {"operation": "consume", "segment_id": "SEGMENT", "units": case["wanted"]})
    assert common - after.pool[0] == case["expected_min_unsegmented_used"]


def test_consuming_leaves_what_can_be_allocated_as_it_was() -> None:
    case = CASES["consume_keeps_pool"]
    start = book({"GROUP": {}}, [[0]], [20])
    allocate = {"operation": "allocate", "segment_id": "GROUP", "units": 8}
    before = _after(start, allocate)
    assert pool_free(before).tolist() == [case["before_available_to_allocate"]]
    after = _after(start, allocate, {"operation": "consume", "segment_id": "GROUP", "units": 3})
    assert pool_free(after).tolist() == [case["after_available_to_allocate"]]
    assert after.own.tolist() == [[case["after_allocated"]]]


def test_so_much_can_be_reserved_as_the_formula_leaves() -> None:
    case = CASES["soft_reservation"]
    counted = sum(case["on_hand"]) - sum(case["minus"])
    start = book({"GROUP": {}}, [[0]], [counted])
    assert pool_free(start).tolist() == [case["available_for_reservation"]]
    all_of_it = {"operation": "reserve", "reservation_id": "r", "units": case["available_for_reservation"]}
    assert pool_free(_after(start, all_of_it)).tolist() == [0]
    more = told({**all_of_it, "units": counted + 1})
    assert fold(start, stated_events(start, more, None), END_NS).outcomes.reason.tolist() == ["POOL_SHORT"]


@pytest.mark.parametrize("segment", [None, "GROUP"])
def test_a_reservation_ends_by_itself(segment: str | None) -> None:
    case = CASES["reservation_expiry"]
    own, common = (100, 0) if segment else (0, 100)
    start = book({"GROUP": {}}, [[own]], [common])
    reserve = {"operation": "reserve", "reservation_id": "r", "units": 20, "minute": 1, "until": 16}
    seen = []
    for minutes in case["at_minutes"]:
        told_by_then = [{**reserve, "segment_id": segment}] if minutes >= 1 else []
        after = _after(start, *told_by_then, minutes=minutes) if told_by_then else start
        seen.append(available(after)[0, 0] if segment else pool_free(after)[0])
    assert seen == case["available"]
