"""`stockplan policy`: from a proposal to an approval by somebody else, and the workbook's sheet."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from optimization.errors import StockplanError
from orchestration.cli import app, console
from orchestration.settings import PolicySettings, Settings
from tests.governance_days import FIRST_DAY
from tests.governance_office import Office
from tests.unit.cli.conftest import Command, said

# As the company's own limit.
LIMIT = PolicySettings(auto_approve_value=500.0)
BEFORE, LARGE = (20.0, 40.0), (90.0, 140.0)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Two releases: the first, and one in which a large change of B waits."""
    made = Office(Settings(home=tmp_path / "home", today=FIRST_DAY.date(), policy=LIMIT))
    made.publish({"A": BEFORE, "B": BEFORE})
    made.publish({"A": BEFORE, "B": LARGE})
    return made


@pytest.fixture
def stockplan(office: Office, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setattr(
        console, "settings", lambda: office.settings.model_copy(update={"today": office.today})
    )
    monkeypatch.setattr(console.console, "_width", 250, raising=False)
    return lambda *arguments: CliRunner().invoke(app, ["policy", *arguments])


def _waiting(office: Office) -> str:
    (change,) = office.desk().standing.pending
    return change


def test_a_change_that_waits_is_approved_by_somebody_and_counts_with_the_next_release(
    office: Office, stockplan: Command
) -> None:
    change = _waiting(office)
    assert change in said(stockplan("pending"))
    missing = stockplan("approve", "nothing", "--comment", "?", "--actor", "eve")
    assert "UNKNOWN_CHANGE" in said(missing) and "stockplan policy pending" in said(missing)
    approved = stockplan("approve", "--all-below", "1000", "--comment", "seen", "--actor", "eve")
    assert f"Approved {change} by eve" in said(approved)
    assert "Nothing waits" in said(stockplan("pending"))
    assert "with the next release" in said(stockplan("history", "B", "L1"))
    again = stockplan("approve", change, "--comment", "twice", "--actor", "eve")
    assert again.exit_code == 1 and "ALREADY_DECIDED" in said(again)
    found = office.publish({"A": BEFORE, "B": LARGE})
    assert found.effective[1].tolist() == [40.0, 140.0]
    assert "yes" in said(stockplan("history", "B"))


def test_who_proposes_does_not_approve_and_may_take_it_back(office: Office, stockplan: Command) -> None:
    asked = ["propose", "A", "L1", "--reorder-point", "90", "--order-up-to", "140", "--reason", "spring"]
    told = said(stockplan(*asked, "--actor", "ann"))
    assert "Proposed" in told and "worth 1,000.00 at cost. Above 500 somebody else decides" in told
    assert "It counts with the next run: stockplan run --date 2024-03-06" in told
    (change,) = set(office.desk().standing.pending) - {_calculated(office)}
    own = stockplan("approve", change, "--comment", "mine", "--actor", "ANN")
    assert own.exit_code == 1 and "SELF_APPROVAL" in said(own)
    assert "Withdrawn" in said(stockplan("withdraw", change, "--comment", "no", "--actor", "ann"))
    back = stockplan(
        "propose",
        "A",
        "L1",
        "--as-of-release",
        office.desk().base.release_id,
        "--reason",
        "back",
        "--actor",
        "ann",
    )
    assert "20 / 40" in said(back)


def _calculated(office: Office) -> str:
    return next(one.change_id for one in office.desk().standing.pending.values() if one.kind == "calculated")


def test_an_override_a_review_and_a_demand_plan(office: Office, stockplan: Command) -> None:
    pin = ["override", "A", "L1", "--reorder-point", "5", "--order-up-to", "10", "--reason", "recall"]
    far = stockplan(*pin, "--expires", "2030-01-01", "--actor", "ann")
    assert far.exit_code == 1 and "EXPIRY_IMPLAUSIBLE" in said(far)
    assert "Today is 2024-03-06" in said(far) and "may be 2024-03-06 to 2024-09-02" in said(far)
    near = said(stockplan(*pin, "--expires", "2024-03-20", "--actor", "ann"))
    assert "Override" in near and "worth -300.00 at cost. Up to 500 it takes effect by that rule" in near
    waits = said(stockplan("pending"))
    assert "-300" in waits and "nothing" in waits and "by rule up to 500" in waits
    assert office.publish({"A": BEFORE, "B": LARGE}).effective[1].tolist()[0] == 10.0
    assert "recall" in said(stockplan("pending"))
    (pinned,) = office.desk().standing.active
    assert "Ended" in said(stockplan("end-override", pinned, "--comment", "over", "--actor", "ann"))
    assert "is completed" in said(stockplan("review-done", "--comment", "all seen", "--actor", "ann"))
    own = stockplan("approve-plan", "2024-04", "--comment", "mine", "--actor", "dora")
    assert own.exit_code == 1 and "SELF_APPROVAL" in said(own)
    assert "Approved demand plan" in said(
        stockplan("approve-plan", "2024-04", "--comment", "ok", "--actor", "eve")
    )
    assert "ALREADY_DECIDED" in said(
        stockplan("approve-plan", "2024-04", "--comment", "ok", "--actor", "eve")
    )
    unknown = stockplan("approve-plan", "2031-01", "--comment", "?", "--actor", "eve")
    assert "UNKNOWN_PLAN_VERSION" in said(unknown)


def test_a_decision_by_a_clock_far_from_the_releases_says_what_to_set(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = office.settings.model_copy(update={"today": date(2026, 11, 22)})
    monkeypatch.setattr(console, "settings", lambda: far)
    change = _waiting(office)
    for asked in (["approve", change], ["review-done"], ["approve-plan", "2024-04"]):
        refused = CliRunner().invoke(app, ["policy", *asked, "--comment", "seen", "--actor", "eve"])
        assert refused.exit_code == 1 and "STOCKPLAN_TODAY=2024-03-05" in said(refused), said(refused)
    assert _waiting(office) == change


def test_who_decides_second_at_the_same_moment_is_told_that_it_changes_nothing(office: Office) -> None:
    change = _waiting(office)
    slow, quick = office.desk(), office.desk()
    assert change in slow.standing.pending
    quick.decide(change, "rejected", "launch is late", "mona")
    with pytest.raises(StockplanError, match=r"ALREADY_DECIDED.*same moment.*changes nothing"):
        slow.decide(change, "approved", "seen", "eve")
    found = office.publish({"A": BEFORE, "B": LARGE})
    assert found.effective[1].tolist() == [40.0, 40.0]
    assert found.approval["is_effective"].tolist() == [True, False]


NAMES = (
    "release_id", "change_id", "item_id", "location_id", "old_reorder_point_units", "new_reorder_point_units",
    "old_order_up_to_units", "new_order_up_to_units", "decision", "comment", "override_reorder_point_units",
    "override_order_up_to_units", "override_expires",
)  # fmt: skip


def _rows(office: Office, release_id: str) -> list[list[object]]:
    """A good row of each kind, and rows that break a rule."""
    change = _calculated(office)
    shown = [release_id, change, "B", "L1", 20, 90, 40, 140]
    return [
        [*shown, None, None, None, None, None],
        [*shown[:7], 150, "approve", "edited", None, None, None],
        [*shown, "agree", "what", None, None, None],
        [*shown, "reject", None, None, None, None],
        [*shown, "approve", "fine", None, None, None],
        [release_id, None, "A", "L1", None, None, None, None, "override", "recall", 5, 10, "2024-03-20"],
        ["R-old", "gone", "A", "L1", None, None, None, None, "approve", "late", None, None, None],
    ]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_filled_in_sheet_becomes_events_and_a_second_time_changes_nothing(
    office: Office, stockplan: Command, tmp_path: Path, suffix: str
) -> None:
    rows = [list(NAMES), *_rows(office, office.desk().base.release_id)]
    file = tmp_path / f"filled.{suffix}"
    if suffix == "csv":
        with file.open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerows(rows)
    else:
        from openpyxl import Workbook

        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "decisions"
        for row in rows:
            sheet.append(row)
        book.save(file)
    first = stockplan("import", str(file), "--actor", "eve")
    told = said(first)
    assert "2 written, 0 unchanged, 4 refused." in told
    for rule in ("row 3: refused: CHANGE_EDITED: new_order_up_to_units", "row 4: refused: decision 'agree'"):
        assert rule in told
    assert "row 5: refused: a row with reject has no comment" in told
    assert "row 8: refused: gone of release R-old no longer waits" in told
    events = office.ledger.verify().n_events
    second = said(stockplan("import", str(file), "--actor", "eve"))
    # The row that was edited is of a change that eve has approved by now: it says so and changes nothing.
    assert "0 written, 3 unchanged, 3 refused" in second and "Nothing was changed" in second
    assert office.ledger.verify().n_events == events
    found = office.publish({"A": BEFORE, "B": LARGE})
    assert found.effective[1].tolist() == [10.0, 140.0]


def test_a_file_that_is_no_sheet_of_decisions_is_named(stockplan: Command, tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("item_id,decision\nA,approve\n")
    assert "lacks the columns release_id, change_id, location_id" in said(stockplan("import", str(file)))
    (tmp_path / "broken.xlsx").write_text("no workbook")
    assert "is not a workbook" in said(stockplan("import", str(tmp_path / "broken.xlsx")))


def test_nothing_is_decided_on_a_ledger_whose_end_was_cut_off(office: Office, stockplan: Command) -> None:
    # The second release has read the first one's publication; whoever cuts that off cuts off what was read.
    file = office.lake.ledger_file
    file.write_bytes(b"")
    refused = stockplan("approve", _waiting(office), "--comment", "seen", "--actor", "eve")
    assert refused.exit_code == 1 and "was cut off" in said(refused)
    assert file.read_bytes() == b""
