"""The workbook as a planner and a spreadsheet find it: typed, harmless, complete, the same every time."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import load_workbook
from openpyxl.workbook import Workbook

from optimization.reasons import REASONS
from orchestration.publish.reading import ReleaseReader, Standing
from orchestration.publish.workbook.cells import LONGEST_TEXT, cell_text
from orchestration.publish.workbook.decisions import ANSWERS, COLUMNS
from orchestration.publish.workbook.rows import with_made
from orchestration.publish.workbook.sheets import NETWORK_FIRST, SHEETS
from orchestration.publish.workbook.writing import write_workbook
from tests.opened_release import (
    RELEASE_ID,
    ROWS,
    hostile_table,
    lake_at,
    make_release,
    published_columns,
)

TABLES = sorted({sheet.table for sheet in SHEETS} & set(published_columns()))
STANDING = Standing(is_current=True, current_id=RELEASE_ID)
# What openpyxl calls a cell that holds a value of the dictionary's type.
CELL_TYPES = {
    "varchar": "s", "double": "n", "bigint": "n", "integer": "n", "boolean": "b", "date": "d",
    "timestamp": "d",
}  # fmt: skip
RISKY = ("=", "+", "-", "@")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> ReleaseReader:
    lake = lake_at(tmp_path_factory.mktemp("lake"))
    return ReleaseReader(make_release(lake, [*TABLES, "kpi_catalogue"]), STANDING)


@pytest.fixture(scope="module")
def file(source: ReleaseReader, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "stockplan.xlsx"
    write_workbook(source, path, 1_000)
    return path


@pytest.fixture(scope="module")
def book(file: Path) -> Workbook:
    return load_workbook(file)


def shown_columns(sheet: Any, head_row: int) -> list[tuple[str, str]]:
    """Table and column of each heading, as its note names them."""
    return [tuple(cell.comment.text.split("\n", 1)[0].split(".", 1)) for cell in sheet[head_row]]


def test_every_stated_sheet_whose_table_is_published_is_there(book: Workbook) -> None:
    wanted = [sheet.name for sheet in SHEETS if sheet.table in TABLES]
    assert set(book.sheetnames) == {"read_me", "decisions", "dictionary", "reason_codes", *wanted}
    assert book.sheetnames[:2] == ["read_me", "exceptions"]
    assert [sheet.table for sheet in SHEETS if sheet.table not in published_columns()] == []


def test_every_cell_is_typed_as_the_dictionary_says(book: Workbook) -> None:
    known = published_columns()
    counted = 0
    for stated in SHEETS:
        if stated.name not in book.sheetnames:
            continue
        sheet = book[stated.name]
        columns = shown_columns(sheet, 2)
        for cells in sheet.iter_rows(min_row=3):
            for (table, column), cell in zip(columns, cells, strict=True):
                # The unit of a KPI and the drivers in words are made for the sheet.
                kind = known[table].get(column, ("varchar", ""))[0]
                assert cell.value is None or cell.data_type == CELL_TYPES[kind], (table, column, cell.value)
                counted += cell.value is not None
    assert counted > 1_000


def test_no_cell_is_a_formula_and_no_link_leads_out(book: Workbook, file: Path) -> None:
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None or cell.hyperlink.location
    with zipfile.ZipFile(file) as parts:
        assert not [name for name in parts.namelist() if "externalLink" in name]
        for name in parts.namelist():
            assert b'TargetMode="External"' not in parts.read(name), name


def test_hostile_text_comes_back_as_it_was_and_is_marked_as_text(book: Workbook) -> None:
    sheet = book["orders"]
    columns = [column for _, column in shown_columns(sheet, 2)]
    place = columns.index("item_description")
    wanted = {text for text in hostile_table("replenishment_order")["item_description"].to_pylist() if text}
    cells = [row[place] for row in sheet.iter_rows(min_row=3) if row[place].value is not None]
    assert {cell.value for cell in cells} == wanted
    for cell in cells:
        assert bool(cell.quotePrefix) == cell.value.startswith(RISKY), cell.value


def test_text_too_long_for_a_cell_is_cut_and_says_so() -> None:
    cut = cell_text("x" * (LONGEST_TEXT + 1))
    assert len(cut) == LONGEST_TEXT and cut.endswith("(cut)")


def test_negative_numbers_stay_numbers_and_flags_are_flags(book: Workbook) -> None:
    gains = [row[0].value for row in book["transfers"].iter_rows(min_row=3, min_col=12, max_col=12)]
    assert any(isinstance(gain, float) and gain < 0 for gain in gains)
    stuck = [column for _, column in shown_columns(book["late_orders"], 2)].index("is_stuck") + 1
    flags = {row[0].value for row in book["late_orders"].iter_rows(min_row=3, min_col=stuck, max_col=stuck)}
    assert {True, False} <= flags


def test_sheets_filter_freeze_and_name_their_release(book: Workbook) -> None:
    for stated in SHEETS:
        sheet = book[stated.name]
        assert sheet.freeze_panes is not None and sheet.auto_filter.ref, stated.name
        assert RELEASE_ID in sheet["A1"].value
        assert RELEASE_ID in (sheet.oddFooter.left.text or "")


def test_only_the_answers_of_a_decision_can_be_written(book: Workbook, source: ReleaseReader) -> None:
    sheet = book["decisions"]
    assert [cell.value for cell in sheet[1]] == list(COLUMNS)
    assert sheet.protection.sheet and sheet.protection.password is None
    rows = list(sheet.iter_rows(min_row=2))
    states = source.arrow("policy_change", ["change_state"])["change_state"].to_pylist()
    assert len(rows) == states.count("proposed") > 0
    for row in rows:
        for name, cell in zip(COLUMNS, row, strict=True):
            assert cell.protection.locked == (name not in ANSWERS), name
        assert row[0].value == RELEASE_ID
    rules = {rule.type: rule for rule in sheet.data_validations.dataValidation}
    assert rules["list"].formula1 == '"approve,reject,override"' and {"decimal", "date"} <= set(rules)


def test_the_dictionary_explains_every_column_that_is_shown(book: Workbook) -> None:
    told = {(row[0].value, row[1].value): row for row in book["dictionary"].iter_rows(min_row=3)}
    for stated in SHEETS:
        for key in shown_columns(book[stated.name], 2):
            assert told[key][2].value, key


def test_every_reason_code_is_explained(book: Workbook) -> None:
    said = {row[0].value: row[1].value for row in book["reason_codes"].iter_rows(min_row=3)}
    assert said == REASONS and book["reason_codes"].auto_filter.ref


def test_the_network_comes_first_and_a_kpi_of_the_week_has_its_unit() -> None:
    rows = pa.table({"section": ["kpi", "resolved"], "subject": ["unit_fill_rate of 30 days", "excess"],
                     "figure_unit": ["as the KPI", "exceptions"]})  # fmt: skip
    catalogue = pa.table({"kpi": ["unit_fill_rate"], "unit": ["share"]})
    source = SimpleNamespace(has=lambda *_: True, arrow=lambda *_: catalogue)
    weekly, plan = (
        next(one for one in SHEETS if one.name == name) for name in ("weekly_review", "annual_plan")
    )
    assert with_made(weekly, rows, source)["figure_unit"].to_pylist() == ["share", "exceptions"]  # type: ignore[arg-type]
    levels = pa.table({"plan_level": ["group", "network"]})
    assert with_made(plan, levels, source)[NETWORK_FIRST].to_pylist() == [True, False]  # type: ignore[arg-type]


def test_the_same_release_gives_the_same_bytes(source: ReleaseReader, file: Path, tmp_path: Path) -> None:
    write_workbook(source, tmp_path / "again.xlsx", 1_000)
    assert (tmp_path / "again.xlsx").read_bytes() == file.read_bytes()
    assert load_workbook(file).properties.created == datetime(2024, 1, 31)


def test_a_longer_table_is_cut_by_value_and_says_where_the_rest_lies(tmp_path: Path) -> None:
    release = make_release(lake_at(tmp_path / "lake"), ["replenishment_order"])
    write_workbook(ReleaseReader(release, STANDING), tmp_path / "short.xlsx", 3)
    sheet = load_workbook(tmp_path / "short.xlsx")["orders"]
    values = [row[0].value for row in sheet.iter_rows(min_row=3, min_col=8, max_col=8)]
    every = [
        value
        for value in hostile_table("replenishment_order")["order_value"].to_pylist()
        if value is not None
    ]
    assert sorted(map(abs, values)) == sorted(map(abs, every))[-3:]
    told = [cell.value for cell in sheet[1] if cell.value]
    assert f"Only 3 of {ROWS} rows" in told[1] and "stockplan show replenishment_order" in told[1]


def test_an_older_release_leaves_sheets_out_and_says_why(tmp_path: Path) -> None:
    release = make_release(lake_at(tmp_path / "lake"), ["exception", "transfer_order"])
    names = write_workbook(ReleaseReader(release, STANDING), tmp_path / "old.xlsx", 100)
    assert names == ["read_me", "exceptions", "exceptions_handled", "transfers", "dictionary", "reason_codes"]
    said = " ".join(
        str(cell.value) for row in load_workbook(tmp_path / "old.xlsx")["read_me"] for cell in row
    )
    assert "this release has no table policy" in said and "no change_id" in said
