"""A slice of the hostile texts of the drill, the same two ways: from the inbox, and to every door."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from orchestration.publish.spreadsheet_text import is_risky
from tests.drill.hostile import Found, files_outside, through_the_doors, through_the_inbox
from tests.drill.hostile_texts import COUNT, corpus
from tests.servers import PostgresServer

# Signs of control, which no text may hold; they are set aside and told.
_CONTROL = ("nul\x00", "bell\x07", "escape\x1b[2J")


def _nothing_happened(found: Found, folder: Path, sentinel: Path) -> None:
    assert found.faults == []
    assert list(files_outside(folder, sentinel)) == []


def test_hostile_text_from_the_inbox_is_sealed_as_it_is_or_set_aside(tmp_path: Path):
    folder, sentinel = tmp_path / "home", tmp_path / "sentinel"
    folder.mkdir()
    found = through_the_inbox(folder, (*corpus(150, str(sentinel)), *_CONTROL))
    _nothing_happened(found, folder, sentinel)
    assert found.fields > 200
    assert found.cells > 20_000
    assert found.quarantined > 0


def test_hostile_text_leaves_every_door_as_it_is(tmp_path: Path, postgres: PostgresServer):
    folder, sentinel = tmp_path / "home", tmp_path / "sentinel"
    folder.mkdir()
    # One disguise of every kind; the drill has them all, and a browser.
    texts = corpus(COUNT, str(sentinel))[::51]
    found = through_the_doors(folder, texts, postgres, in_browser=False)
    _nothing_happened(found, folder, sentinel)
    assert found.fields > 800
    assert found.cells > 100_000


def test_the_corpus_is_as_large_as_it_says_and_of_every_kind():
    texts = corpus(COUNT, "/x")
    assert len(set(texts)) == COUNT
    for sign in (
        "drop table",
        "<script",
        "=cmd",
        "{{",
        "../",
        "!!python",
        "$(touch",
        "[link=",
        "\u202e",
        "＝",
    ):
        assert sum(sign in text for text in texts) >= 10, sign


@pytest.mark.parametrize("value", [-1.5, -0.0, 1e300, -1e-9, 0.1 + 0.2])
def test_a_negative_number_is_a_number_to_people_and_machines(tmp_path: Path, value: float):
    """What quotes formulas leaves numbers alone, in CSV and in the workbook."""
    import pyarrow as pa
    import xlsxwriter

    from orchestration.publish.spreadsheet_text import write_planner_csv
    from orchestration.publish.workbook.cells import Look, writer

    write_planner_csv(pa.table({"units": [value], "text": ["-1+2"]}), tmp_path / "a.csv")
    number, text = (tmp_path / "a.csv").read_text(encoding="utf-8-sig").splitlines()[1].split(",")
    assert float(number) == value
    assert text == '"\'-1+2"'
    with xlsxwriter.Workbook(tmp_path / "a.xlsx", {"strings_to_formulas": False}) as book:
        sheet, look = book.add_worksheet(), Look(book, {})
        writer(sheet, look, pa.float64(), "0.00")(0, 0, value)
        writer(sheet, look, pa.string(), "")(0, 1, "-1+2")
    row = next(load_workbook(tmp_path / "a.xlsx").active.iter_rows())
    assert [cell.data_type for cell in row] == ["n", "s"]
    # A cell has sixteen digits.
    assert row[0].value == pytest.approx(value, rel=1e-15)
    assert row[1].quotePrefix


@pytest.mark.parametrize("text", ["A-1", "1-2", "-12", "-1,5", "+3.5e7", "a=b", "x@y", "", "-12%"])
def test_harmless_text_is_left_alone(text: str):
    assert not is_risky(text)
