"""Writing the workbook: one pass over the sheets that the release has tables for.

The same release in the same standing gives the same bytes: the workbook's date of creation is the
business date, and rows lie in a stated order. Rows are streamed, so that a million of them fit into
memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from optimization.reasons import REASONS
from orchestration.publish.reading import Meaning, ReleaseReader, label
from orchestration.publish.workbook import decisions
from orchestration.publish.workbook.cells import Look, row_formats, shape_of, writer
from orchestration.publish.workbook.front import (
    REASON_SHEET,
    Line,
    dictionary_rows,
    write_dictionary,
    write_read_me,
    write_reasons,
)
from orchestration.publish.workbook.page import (
    AMBER,
    BANNER_ROW,
    FIRST_ROW,
    HEAD_ROW,
    RED,
    new_sheet,
    write_head,
)
from orchestration.publish.workbook.rows import Absent, Shown, shown_rows
from orchestration.publish.workbook.sheets import SHEETS, Sheet

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

# Excel's own limit is 1,048,576 rows.
MOST_ROWS = 1_000_000
_NARROWEST, _WIDEST, _SAMPLED_ROWS = 9, 48, 300
# What the dictionary says of numbers whose unit stands in another column.
_OPEN_UNITS = ("", "unit", "see unit", "figure_unit")
_SAYS_ALARM = {
    "severity": (("high", RED), ("medium", AMBER)),
    "attention": (("look", RED), ("watch", AMBER)),
    "level": (("high", RED), ("medium", AMBER)),
    "rag": (("red", RED), ("amber", AMBER)),
    "delay_status": (("late", RED), ("at_risk", AMBER)),
}


def write_workbook(source: ReleaseReader, path: Path, most_rows: int) -> list[str]:
    """Write the workbook of a release onto `path`; return the names of its sheets.

    `most_rows` is how many rows a sheet may have; a longer table keeps those with most value, and its
    first line says so.
    """
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with xlsxwriter.Workbook(path, options) as book:
        release = source.release
        created = datetime.combine(release.as_of, time(), UTC).replace(tzinfo=None)
        book.set_properties(
            {"title": f"Stockplan {release.release_id}", "author": "Stockplan", "created": created}
        )
        look = Look(book, {})
        shown = [shown_rows(sheet, source, min(most_rows, MOST_ROWS)) for sheet in SHEETS]
        waiting = decisions.pending_changes(source)
        lines = [_line(one) for one in shown]
        lines.insert(_decisions_place(), _decisions_line(waiting))
        dictionary = dictionary_rows(source, [one for one in shown if isinstance(one, Shown)])
        lines.append(Line("dictionary", len(dictionary), "What every column means, its unit and owner."))
        lines.append(Line(REASON_SHEET, len(REASONS), "What every reason code means."))
        write_read_me(book, look, source, lines)
        for place, one in enumerate(shown):
            if place == _decisions_place() and waiting is not None:
                decisions.write_decisions(book, look, source, waiting)
            if isinstance(one, Shown):
                _write_sheet(book, look, source, one)
        write_dictionary(book, look, source, dictionary)
        write_reasons(book, look, source)
        return [sheet.get_name() for sheet in book.worksheets()]


def _decisions_place() -> int:
    """Before the policy: what waits for people comes right after what is wrong."""
    return [sheet.name for sheet in SHEETS].index("policy")


def _line(one: Shown | Absent) -> Line:
    if isinstance(one, Absent):
        return Line(one.sheet.name, None, one.why)
    return Line(one.sheet.name, one.rows.num_rows, f"{one.sheet.tells}{one.cut}")


def _decisions_line(waiting: pa.Table | None) -> Line:
    if waiting is None:
        return Line(decisions.SHEET, None, "this release's policy_change has no change_id to decide on")
    told = "Write approve, reject or override, save, and run: stockplan policy import FILE."
    return Line(decisions.SHEET, waiting.num_rows, f"Policy changes that wait for a decision. {told}")


# --- one table


def _write_sheet(book: Workbook, look: Look, source: ReleaseReader, one: Shown) -> None:
    rows, stated = one.rows, one.sheet
    sheet = new_sheet(book, stated.name, source)
    banner = f"{stated.title} · release {source.release.release_id} · data as of {source.release.as_of}"
    sheet.write_string(
        BANNER_ROW, 0, f"{banner} · {rows.num_rows:,} rows", look.format(bold=True, font_size=12)
    )
    if one.cut:
        sheet.write_string(BANNER_ROW, 6, one.cut.strip(), look.format(bold=True, font_color=RED))
    meanings = [one.meaning(source, name) for name in rows.column_names]
    _size_columns(sheet, rows, meanings)
    write_head(sheet, look, stated.table, rows.column_names, meanings, HEAD_ROW)
    sheet.freeze_panes(FIRST_ROW, min(stated.frozen, rows.num_columns))
    last = max(FIRST_ROW, HEAD_ROW + rows.num_rows)
    sheet.autofilter(HEAD_ROW, 0, last, rows.num_columns - 1)
    sheet.repeat_rows(BANNER_ROW, HEAD_ROW)
    _colour_alarms(sheet, look, rows.column_names, last)
    _write_rows(sheet, look, rows, meanings, stated)


def _write_rows(
    sheet: Worksheet, look: Look, rows: pa.Table, meanings: Sequence[Meaning], stated: Sheet
) -> None:
    columns = []
    for place, (values, meaning) in enumerate(zip(rows.columns, meanings, strict=True)):
        shape = shape_of(values.type, meaning.unit, values)
        columns.append((place, values.to_pylist(), writer(sheet, look, values.type, shape)))
    by_row = _by_row(look, rows, meanings, stated)
    for number in range(rows.num_rows):
        for place, values, write in columns:
            value = values[number]
            if value is None:
                continue
            if by_row is not None and place in by_row[0]:
                sheet.write_number(FIRST_ROW + number, place, value, by_row[1][number])
            else:
                write(FIRST_ROW + number, place, value)


def _by_row(
    look: Look, rows: pa.Table, meanings: Sequence[Meaning], stated: Sheet
) -> tuple[set[int], list[Any]] | None:
    """Columns whose numbers change their unit from row to row, and the format of each row."""
    if stated.unit_from not in rows.column_names:
        return None
    units = rows[stated.unit_from]
    formats = row_formats(look, units)
    floating = {
        place
        for place, (values, meaning) in enumerate(zip(rows.columns, meanings, strict=True))
        if pa.types.is_floating(values.type) and meaning.unit in _OPEN_UNITS
    }
    return floating, [formats[unit or ""] for unit in units.to_pylist()]


def _size_columns(sheet: Worksheet, rows: pa.Table, meanings: Sequence[Meaning]) -> None:
    for place, (name, values, meaning) in enumerate(
        zip(rows.column_names, rows.columns, meanings, strict=True)
    ):
        words = max((len(word) for word in [*label(name).split(), f"[{meaning.unit}]"]), default=0)
        sample = [value for value in values.slice(0, _SAMPLED_ROWS).to_pylist() if value is not None]
        if pa.types.is_floating(values.type):
            longest = max((len(f"{value:,.2f}") for value in sample), default=0)
        elif pa.types.is_timestamp(values.type):
            longest = len("2024-01-31 00:00")
        else:
            longest = max((len(str(value)) for value in sample), default=0)
        sheet.set_column(place, place, min(max(_NARROWEST, words + 4, longest + 2), _WIDEST))


def _colour_alarms(sheet: Worksheet, look: Look, names: Sequence[str], last: int) -> None:
    for place, name in enumerate(names):
        for word, colour in _SAYS_ALARM.get(name, ()):
            sheet.conditional_format(
                FIRST_ROW,
                place,
                last,
                place,
                {
                    "type": "cell",
                    "criteria": "==",
                    "value": f'"{word}"',
                    "format": look.format(font_color=colour, bold=True),
                },
            )
