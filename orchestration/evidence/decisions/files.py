"""Decisions filled in on the workbook, or a CSV of its columns: each row one event, or one named fault.

A row without a decision decides nothing. A row that was imported before changes nothing and says so.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from optimization.errors import StockplanError
from optimization.policy.changes import Change
from optimization.roles import same_person
from orchestration.evidence.decisions.desk import DecisionDesk
from orchestration.evidence.decisions.events import read_policy_events

SHEET = "decisions"
_NEEDED = ("release_id", "change_id", "item_id", "location_id", "decision")
_ANSWERS = ("comment", "override_reorder_point_units", "override_order_up_to_units", "override_expires")
# {column of the sheet: which level of the change it shows}
_SHOWN = {
    "old_reorder_point_units": ("old", 0),
    "old_order_up_to_units": ("old", 1),
    "new_reorder_point_units": ("new", 0),
    "new_order_up_to_units": ("new", 1),
}
_DECISIONS = {"approve": "approved", "reject": "rejected"}
# A workbook shows levels rounded to three digits.
_ROUNDING = 0.0011


class RowResult(NamedTuple):
    """What became of one row: written, unchanged or refused; with the rule and the repair."""

    row_number: int
    state: str
    told: str


@dataclass(frozen=True)
class Imported:
    """What became of every row that held a decision."""

    results: tuple[RowResult, ...]

    def count(self, state: str) -> int:
        """Rows of one state."""
        return sum(one.state == state for one in self.results)


def import_decisions(file: Path, desk: DecisionDesk, actor: str) -> Imported:
    """Write the decisions of a file into the ledger, in its order; `actor` answers for all of them.

    Raises `StockplanError` for a file that cannot be read or lacks columns; a row that breaks a rule is
    refused alone.
    """
    results = []
    for number, row in _rows(file):
        if not _text(row, "decision"):
            continue
        try:
            results.append(_import_row(number, row, desk, actor))
        except StockplanError as fault:
            results.append(RowResult(number, "refused", str(fault)))
    return Imported(tuple(results))


def _import_row(number: int, row: Mapping[str, Any], desk: DecisionDesk, actor: str) -> RowResult:
    decision = _text(row, "decision").lower()
    change_id, comment = _text(row, "change_id"), _text(row, "comment")
    if decision not in (*_DECISIONS, "override"):
        raise StockplanError(f"decision {decision!r} is none of approve, reject, override; choose one")
    if decision != "approve" and not comment:
        raise StockplanError(f"a row with {decision} has no comment; say why in the column comment")
    if decision == "override":
        return _override(number, row, desk, actor)
    if _was_decided(desk, change_id, _DECISIONS[decision], actor):
        return RowResult(number, "unchanged", f"{change_id} was {_DECISIONS[decision]} by {actor} before")
    change = desk.standing.pending.get(change_id)
    if change is None and _text(row, "release_id") != desk.base.release_id:
        raise StockplanError(
            f"{change_id} of release {_text(row, 'release_id')} no longer waits in {desk.base.release_id}; "
            "decide on the current workbook"
        )
    if change is not None:
        _compare(row, change)
    desk.decide(change_id, _DECISIONS[decision], comment, actor)
    return RowResult(number, "written", f"{_DECISIONS[decision]} {change_id}")


def _override(number: int, row: Mapping[str, Any], desk: DecisionDesk, actor: str) -> RowResult:
    item, location = _text(row, "item_id"), _text(row, "location_id")
    levels = _level(row, "override_reorder_point_units"), _level(row, "override_order_up_to_units")
    expires = _day(row, "override_expires")
    for one in (*desk.standing.pending.values(), *desk.standing.active.values()):
        is_same = one.pair == (item, location) and one.new == levels and one.kind == "override"
        if is_same and one.ends is not None and one.ends.date() == expires and same_person(one.author, actor):
            return RowResult(number, "unchanged", f"{actor} has pinned {item} at {location} like this before")
    desk.override(item, location, levels, _text(row, "comment"), actor, expires, actor)
    return RowResult(number, "written", f"override of {item} at {location} up to {expires}")


def _was_decided(desk: DecisionDesk, change_id: str, decision: str, actor: str) -> bool:
    """Whether the same person has decided the same before; a second time would change nothing."""
    told = read_policy_events(desk.ledger, None).events
    same = told[(told["change_id"] == change_id) & (told["policy_decision"] == decision)]
    return change_id not in desk.standing.pending and any(same_person(one, actor) for one in same["actor"])


def _compare(row: Mapping[str, Any], change: Change) -> None:
    """Refuse a row whose levels are not those of the change: it was edited, or is another's."""
    shown = {"item_id": change.item_id, "location_id": change.location_id}
    wrong = [name for name, value in shown.items() if _text(row, name) != value]
    for name, (kind, place) in _SHOWN.items():
        level = (change.old if kind == "old" else change.new)[place]
        if row.get(name) in (None, "") or level != level:
            continue
        if abs(_level(row, name) - level) > _ROUNDING:
            wrong.append(name)
    if wrong:
        raise StockplanError(
            f"CHANGE_EDITED: {', '.join(wrong)} differ from change {change.change_id}; restore the row from "
            "the workbook, or write override to pin other levels"
        )


def _rows(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    rows = _workbook_rows(file) if file.suffix.lower() in (".xlsx", ".xlsm") else _csv_rows(file)
    head = next(rows, (0, []))[1]
    names = [str(name).strip() if name is not None else "" for name in head]
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise StockplanError(
            f"{file} lacks the columns {', '.join(missing)}; use the sheet {SHEET} of the workbook, or a CSV "
            f"of its columns: {', '.join((*_NEEDED, *_SHOWN, *_ANSWERS))}"
        )
    for number, values in rows:
        yield number, dict(zip(names, values, strict=False))


def _workbook_rows(file: Path) -> Iterator[tuple[int, list[Any]]]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except Exception as error:
        raise StockplanError(f"{file} is not a workbook that can be read: {error}") from error
    if SHEET not in book.sheetnames:
        raise StockplanError(f"{file} has no sheet {SHEET}; it is made when changes wait for a decision")
    for number, values in enumerate(book[SHEET].iter_rows(values_only=True), start=1):
        yield number, list(values)
    book.close()


def _csv_rows(file: Path) -> Iterator[tuple[int, list[Any]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            for values in reader:
                yield reader.line_num, list(values)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StockplanError(f"{file} is not a CSV file in UTF-8 that can be read: {error}") from error


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).strip()


def _level(row: Mapping[str, Any], name: str) -> float:
    try:
        return float(_text(row, name))
    except ValueError as error:
        raise StockplanError(f"{name} {row.get(name)!r} is no number; write it with a point") from error


def _day(row: Mapping[str, Any], name: str) -> date:
    value = row.get(name)
    if isinstance(value, datetime):
        return value.date()
    try:
        return date.fromisoformat(_text(row, name)[:10])
    except ValueError as error:
        raise StockplanError(f"{name} {value!r} is no date; write it as 2024-01-31") from error
