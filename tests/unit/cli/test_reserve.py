"""Reservations on the command line: of units, of quantities, and of one unit by many at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.cli import console
from orchestration.evidence.orders.unit_events import read_unit_events
from orchestration.lake.ledger import Ledger
from orchestration.settings import Settings
from tests.overlay_base import Base
from tests.processes import processes
from tests.unit.cli.conftest import TODAY, Command, said

AT = ("--at", "2024-07-01T09:00", "--actor", "ann")
WRITERS = 16


def _reserve_at_once(home: str, writer: int) -> str:
    """One process of many: reserve VIN1 as the command does, and return what it was told."""
    from click.exceptions import ClickException
    from typer.testing import CliRunner

    from orchestration.cli import app

    console.settings = lambda: Settings(home=Path(home), today=TODAY)  # type: ignore[attr-defined]
    arguments = ["reserve", "--unit", "VIN1", "--reservation", f"r{writer}", "--actor", f"writer {writer}"]
    result = CliRunner().invoke(app, arguments)
    failed = result.exception if not isinstance(result.exception, SystemExit | ClickException) else None
    return " ".join((result.output + str(failed or "")).split())


def test_a_unit_is_reserved_confirmed_and_delivered(base: Base, stockplan: Command) -> None:
    def tell(*arguments: str) -> str:
        result = stockplan(*arguments, *AT)
        assert result.exit_code == 0, said(result)
        return said(result)

    held = tell("reserve", "--unit", "VIN1", "--customer", "C1", "--priority", "2")
    assert "is held until 2024-07-04T09:00:00" in held
    assert "for C1" in held
    tell("extend", "--unit", "VIN1", "--expires", "2024-07-09T00:00")
    assert "is confirmed." in tell("confirm", "--unit", "VIN1")
    assert "The unit was delivered." in tell("consume", "--unit", "VIN1", "--order", "O1")
    told = [event.event_type for event in base.ledger.events("unit")]
    # The release still has it in stock; that it is somebody's own the ledger knows.
    assert "was delivered on 2024-07-01" in said(stockplan("reserve", "--unit", "VIN1"))
    assert told == ["reserve", "extend", "confirm", "consume"]


def test_on_an_old_release_it_is_told_from_when_on_an_event_counts(base: Base, stockplan: Command) -> None:
    assert "counts from" not in said(stockplan("reserve", "--unit", "VIN1", *AT))
    base.settings = base.settings.model_copy(update={"today": base.as_of + timedelta(days=400)})
    told = said(stockplan("block", "--unit", "VIN2", "--kind", "recall"))
    assert "The current release is of 2024-06-30; this counts from business date 2025-08-04 on." in told


def test_a_block_is_told_and_refuses_a_hold(base: Base, stockplan: Command) -> None:
    assert "Blocked (recall)" in said(stockplan("block", "--unit", "VIN1", "--kind", "recall", *AT))
    refused = stockplan("reserve", "--unit", "VIN1", *AT)
    assert refused.exit_code == 1
    assert "UNIT_BLOCKED" in said(refused)
    assert stockplan("unblock", "--unit", "VIN1", *AT).exit_code == 0
    assert stockplan("reserve", "--unit", "VIN1", *AT).exit_code == 0
    assert len(list(base.ledger.events("unit"))) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("reserve", "--unit", "VIN9"), "knows no unit VIN9"),
        (("reserve", "--unit", "VIN3"), "VIN3 cannot be promised: INPUT_IMPLAUSIBLE"),
        (("reserve", "--unit", "VIN1", "--item", "I"), "--item says nothing about a unit"),
        (("reserve", "--unit", "VIN1", "--expires", "noon"), "--expires 'noon' is no time"),
        (("reserve",), "name a unit with --unit"),
        (("reserve", "--item", "I", "--location", "L", "--customer", "C"), "says nothing about a quantity"),
        (("block", "--unit", "VIN1", "--kind", "mood"), "is none of recall"),
    ],
)
def test_what_cannot_be_is_refused_and_not_written(
    base: Base, stockplan: Command, arguments: tuple[str, ...], message: str
) -> None:
    result = stockplan(*arguments)
    assert result.exit_code == 1
    assert message in said(result)
    assert not list(base.ledger.events("unit"))


def test_what_the_events_refuse_stays_in_the_ledger_with_who_has_the_unit(
    base: Base, stockplan: Command
) -> None:
    stockplan("reserve", "--unit", "VIN1", "--expires", "2024-07-05T00:00", *AT)
    result = stockplan("reserve", "--unit", "VIN1", *AT)
    assert "UNIT_TAKEN" in said(result)
    assert "of ann is held until 2024-07-05T00:00:00" in said(result)
    late = stockplan("release", "--unit", "VIN2", *AT)
    assert "UNIT_FREE" in said(late)
    assert len(list(base.ledger.events("unit"))) == 3


def test_a_quantity_goes_the_way_of_the_segments_stock(base: Base, stockplan: Command) -> None:
    pool = ("--item", "I000001", "--location", "L1", "--reservation", "R")
    result = stockplan("reserve", *pool, "--segment", "FLEET", "--units", "3", *AT)
    assert result.exit_code == 0, said(result)
    assert stockplan("cancel", *pool, "--units", "1", *AT).exit_code == 0
    assert [event.event_type for event in base.ledger.events("allocation")] == ["reserve", "release"]


def test_a_block_without_its_kind_is_set_aside(base: Base) -> None:
    from datetime import date

    base.ledger.append(
        "unit", "block", subject="VIN1", business_date=date(2024, 7, 1), actor="bot", payload={}
    )
    told = read_unit_events(base.ledger, None)
    assert told.events.empty
    assert told.set_aside["column_name"].tolist() == ["hold_kind"]


def test_of_sixteen_processes_exactly_one_has_the_unit(base: Base) -> None:
    with processes(WRITERS) as workers:
        answers = list(workers.map(_reserve_at_once, [str(base.lake.root)] * WRITERS, range(WRITERS)))
    assert sum("Accepted" in answer for answer in answers) == 1, answers
    assert sum("UNIT_TAKEN" in answer for answer in answers) == WRITERS - 1, answers
    ledger = Ledger(base.lake.ledger_file)
    assert ledger.verify().is_intact
    assert len(list(ledger.events("unit"))) == WRITERS
