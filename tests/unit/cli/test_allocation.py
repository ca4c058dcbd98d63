"""`stockplan allocation`: operations on the command line, and the answer to each."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from optimization.contracts.allocation_columns import OPERATIONS
from orchestration.cli.allocation import KINDS
from orchestration.publish.overlay import current_with_overlay, publish_overlay
from tests.overlay_base import Base
from tests.unit.cli.conftest import Command, said

POOL = ("--item", "I000001", "--location", "L1")
AT = ("--at", "2024-07-01T09:00", "--actor", "ann")


def _shares(base: Base) -> dict[str, float]:
    """What the overlay of all operations publishes of the pool."""
    publish_overlay(base.lake, base.ledger, base.settings, None, "test")
    now = current_with_overlay(base.lake, "allocation").to_pandas()
    own = now[(now["item_id"] == "I000001") & (now["location_id"] == "L1")]
    return dict(zip(own["segment_id"], own["allocated_units"], strict=True))


def test_every_operation_has_its_command() -> None:
    assert set(KINDS) == set(OPERATIONS)


def test_an_accepted_operation_is_an_event_and_is_answered(base: Base, stockplan: Command) -> None:
    result = stockplan("allocation", "consume", *POOL, "--segment", "FLEET", "--units", "4", *AT)
    assert result.exit_code == 0, said(result)
    assert "Accepted" in said(result)
    assert "-4 own, +0 common pool" in said(result)
    event = next(base.ledger.events("allocation"))
    assert (event.event_type, event.actor, event.subject) == ("consume", "ann", "I000001/L1")
    assert event.payload["event_at"] == "2024-07-01T09:00:00.000000+00:00"
    assert str(event.business_date) == "2024-07-01"
    assert _shares(base) == {"FLEET": 6.0, "POOL": 5.0, "RETAIL": 5.0}


def test_a_rejected_operation_stays_in_the_ledger_and_changes_nothing(base: Base, stockplan: Command) -> None:
    result = stockplan("allocation", "consume", *POOL, "--segment", "FLEET", "--units", "11", *AT)
    assert result.exit_code == 1
    assert "Rejected" in said(result)
    assert "It stays in the ledger and changes nothing" in said(result)
    assert [event.event_type for event in base.ledger.events("allocation")] == ["consume"]
    assert _shares(base) == {"FLEET": 10.0, "POOL": 5.0, "RETAIL": 5.0}


@pytest.mark.parametrize(
    ("arguments", "shares"),
    [
        (("allocate", "--segment", "FLEET", "--units", "2"), {"FLEET": 12.0, "POOL": 3.0, "RETAIL": 5.0}),
        (("unallocate", "--segment", "FLEET", "--units", "2"), {"FLEET": 8.0, "POOL": 7.0, "RETAIL": 5.0}),
        (
            ("reallocate", "--segment", "FLEET", "--to", "RETAIL", "--units", "1"),
            {"FLEET": 9.0, "POOL": 5.0, "RETAIL": 6.0},
        ),
        (("consume", "--segment", "RETAIL", "--units", "7"), {"FLEET": 10.0, "POOL": 3.0, "RETAIL": 0.0}),
        (
            ("reserve", "--segment", "FLEET", "--units", "3", "--reservation", "R"),
            {"FLEET": 7.0, "POOL": 5.0, "RETAIL": 5.0},
        ),
        (("adjust", "--units", "-2"), {"FLEET": 10.0, "POOL": 3.0, "RETAIL": 5.0}),
        (("adjust", "--segment", "FLEET", "--units", "2"), {"FLEET": 12.0, "POOL": 5.0, "RETAIL": 5.0}),
    ],
)
def test_each_operation_does_what_it_says(base: Base, stockplan: Command, arguments, shares) -> None:
    name, *options = arguments
    result = stockplan("allocation", name, *POOL, *options, *AT)
    assert result.exit_code == 0, said(result)
    assert _shares(base) == shares


def test_a_reservation_lives_on_the_command_line(base: Base, stockplan: Command) -> None:
    def tell(name: str, *options: str) -> str:
        result = stockplan("allocation", name, *POOL, "--reservation", "R", *options, *AT)
        assert result.exit_code == 0, said(result)
        return said(result)

    tell("reserve", "--segment", "FLEET", "--units", "6", "--expires", "2024-07-05T00:00")
    tell("extend", "--expires", "2024-07-09T00:00")
    tell("offset", "--units", "2")
    tell("release", "--units", "1")
    assert _shares(base)["FLEET"] == 5.0
    tell("consume", "--segment", "FLEET", "--units", "3")
    held = current_with_overlay(base.lake, "reservation").to_pandas()
    assert held["open_units"].tolist() == [3.0]
    # Told at one time, each is later than the one before.
    times = [event.payload["event_at"] for event in base.ledger.events("allocation")]
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("consume", "--units", "1"), "consume needs --segment"),
        (("extend", "--reservation", "R"), "extend needs --expires"),
        (("allocate", "--segment", "A", "--units", "1", "--to", "B"), "--to says nothing about allocate"),
        (("rebalance", "--at", "2999-01-01T00:00"), "still to come"),
        (("rebalance", "--at", "noon"), "is no time"),
        (("consume", "--segment", "FLEET", "--units", "nan"), "--units nan is no quantity"),
    ],
)
def test_what_is_no_operation_is_not_written(base: Base, stockplan: Command, arguments, message) -> None:
    name, *options = arguments
    result = stockplan("allocation", name, *POOL, *options)
    assert result.exit_code == 1
    assert message in said(result)
    assert list(base.ledger.events("allocation")) == []


@pytest.mark.parametrize(
    ("pool", "options", "reason"),
    [
        (("--item", "GONE", "--location", "L1"), ("--segment", "FLEET", "--units", "1"), "UNKNOWN_POOL"),
        (("--item", "I000001", "--location", "*"), ("--segment", "FLEET", "--units", "1"), "WRONG_LEVEL"),
        (POOL, ("--segment", "NOBODY", "--units", "1"), "UNKNOWN_SEGMENT"),
        (POOL, ("--segment", "FLEET", "--units", "-1"), "UNITS_NOT_POSITIVE"),
        (POOL, ("--segment", "FLEET", "--units", "1", "--due", "soon"), "is no date"),
        (("--item", "GONE", "--location", "L1"), ("--segment", "FLEET", "--units", "1"), "query --item GONE"),
    ],
)
def test_what_cannot_be_done_is_told_why(base: Base, stockplan: Command, pool, options, reason) -> None:
    result = stockplan("allocation", "consume", *pool, *options, *AT)
    assert result.exit_code == 1
    assert reason in said(result)
    assert len(list(base.ledger.events("allocation"))) == 1


def test_an_action_counts_once_wherever_it_is_told(base: Base, stockplan: Command) -> None:
    told = ("--segment", "FLEET", "--units", "1", "--action-id", "A-1", *AT)
    assert stockplan("allocation", "consume", *POOL, *told).exit_code == 0
    other = ("--item", "I000002", "--location", "L2")
    result = stockplan("allocation", "consume", *other, *told)
    assert result.exit_code == 1
    assert "DUPLICATE_ACTION" in said(result)


def test_what_was_accepted_stays_accepted(base: Base, stockplan: Command) -> None:
    take = ("--segment", "FLEET", "--units", "10")
    assert stockplan("allocation", "consume", *POOL, *take, *AT).exit_code == 0
    # An hour earlier by its own word, but told later: it comes after.
    early = stockplan("allocation", "consume", *POOL, *take, "--at", "2024-07-01T08:00")
    assert early.exit_code == 1
    assert _shares(base)["FLEET"] == 0.0


def test_query_shows_the_release_and_what_was_done_since(base: Base, stockplan: Command) -> None:
    base.operate("consume", "FLEET", 4.0)
    result = stockplan("allocation", "query", "--item", "I000001", "--segment", "FLEET")
    assert result.exit_code == 0, said(result)
    assert "1 operations since" in said(result)
    assert "I000001 │ L1 │ FLEET │ 6" in said(result)
    assert "I000001 │ L2 │ FLEET │ 10" in said(result)
    prefixed = stockplan("allocation", "query", "--path-prefix", "RETAIL", "--limit", "2")
    assert "2 of 6 rows" in said(prefixed)
    assert "FLEET" not in said(prefixed)
    rolled = stockplan("allocation", "query", "--roll-up", "--item", "I000001")
    assert rolled.exit_code == 0, said(rolled)
    assert "own_available_units" in said(rolled)
    nothing = stockplan("allocation", "query", "--item", "GONE")
    assert nothing.exit_code == 1
    assert "no pool or segment is as asked" in said(nothing)


def test_a_file_of_operations_is_taken_row_by_row(base: Base, stockplan: Command, tmp_path: Path) -> None:
    file = tmp_path / "operations.csv"
    file.write_text(
        "operation,item_id,location_id,segment_id,units,event_at,actor,note\n"
        'consume,I000001,L1,FLEET,4,2024-07-01T09:00,bob,"first, of two"\n'
        "consume,I000001,L1,FLEET,four,,,\n"
        "borrow,I000001,L1,FLEET,1,,,\n"
        "consume,,L1,FLEET,1,,,\n"
        "consume,I000001,L1,FLEET,1,2999-01-01T00:00,,\n"
        "consume,I000001,L1,FLEET,1\n"
        "consume,I000001,L1,FLEET,40,2024-07-01T10:00,,\n"
        "consume,I000001,L1,FLEET,inf,,,\n",
        encoding="utf-8-sig",
    )
    result = stockplan("allocation", "import", str(file), "--actor", "ann")
    assert result.exit_code == 1
    text = said(result)
    assert "Wrote 2 operations; 6 rows skipped" in text
    assert "Accepted 1, rejected 1" in text
    assert "line 3: units 'four' is no number" in text
    assert "line 4: operation 'borrow' is none of" in text
    assert "line 5: item_id: is missing" in text
    assert "line 6: event_at 2999-01-01T00:00 is still to come" in text
    assert "line 7: has more or fewer fields" in text
    assert "line 9: units 'inf' is no quantity" in text
    assert [event.actor for event in base.ledger.events("allocation")] == ["bob", "ann"]
    assert _shares(base)["FLEET"] == 6.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"operation,item_id\n", "missing: location_id"),
        (b"\xff\xfe", "is not a CSV file"),
        (None, "is not a CSV"),
    ],
)
def test_a_file_that_is_none_is_told(stockplan: Command, tmp_path: Path, content, message) -> None:
    file = tmp_path / "operations.csv"
    if content is not None:
        file.write_bytes(content)
    result = stockplan("allocation", "import", str(file))
    assert result.exit_code == 1
    assert message in said(result)


def test_the_answer_is_what_the_overlay_publishes(base: Base, stockplan: Command) -> None:
    answers = []
    for units in ("6", "3", "2", "1"):
        result = stockplan("allocation", "consume", *POOL, "--segment", "FLEET", "--units", units, *AT)
        answers.append("accepted" if result.exit_code == 0 else "rejected")
    _shares(base)
    lines = current_with_overlay(base.lake, "allocation_ledger").to_pandas()
    ids = [event.event_id for event in base.ledger.events("allocation")]
    told = pd.Series(lines["entry_status"].to_numpy(), index=lines["source_id"])
    assert answers == [told[one] for one in ids] == ["accepted", "accepted", "rejected", "accepted"]


@pytest.mark.parametrize(
    ("operation", "options"),
    [
        ("consume", ("--segment", "FLEET")),
        ("unallocate", ("--segment", "FLEET")),
        ("allocate", ("--segment", "FLEET")),
    ],
)
def test_who_asks_for_too_much_is_told_how_much_there_is(
    base: Base, stockplan: Command, operation: str, options: tuple[str, ...]
) -> None:
    refused = said(stockplan("allocation", operation, *POOL, *options, "--units", "9999", *AT))
    found = re.search(r"At most (\d+) units\.", refused)
    assert found, refused
    one_more = str(int(found[1]) + 1)
    assert "Rejected" in said(stockplan("allocation", operation, *POOL, *options, "--units", one_more))
    assert "Accepted" in said(stockplan("allocation", operation, *POOL, *options, "--units", found[1]))


def test_a_time_before_what_was_told_is_said_to_have_moved(base: Base, stockplan: Command) -> None:
    consume = ("allocation", "consume", *POOL, "--segment", "FLEET", "--units", "1")
    assert "takes effect after them" not in said(stockplan(*consume, "--at", "2024-07-01T10:00"))
    assert "takes effect after them" in said(stockplan(*consume, "--at", "2024-07-01T09:00"))


def test_an_operation_that_cannot_be_answered_is_said_to_be_written(base: Base, stockplan: Command) -> None:
    for folder in base.lake.root.glob("opt_in__segment"):
        shutil.rmtree(folder)
    told = said(stockplan("allocation", "consume", *POOL, "--segment", "FLEET", "--units", "1", *AT))
    assert "The operation is in the ledger as event 2; do not tell it again" in told
    assert len(list(base.ledger.events("allocation"))) == 1
