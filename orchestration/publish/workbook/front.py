"""The sheets that are no table: what the workbook is and how to read it, and what its columns mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from optimization.reasons import REASONS
from orchestration.publish.reading import Meaning, ReleaseReader
from orchestration.publish.workbook.cells import Look, writer
from orchestration.publish.workbook.page import BANNER_ROW, FAINT, FIRST_ROW, HEAD, HEAD_ROW, PAPER, new_sheet
from orchestration.publish.workbook.rows import Shown

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

_DICTIONARY = ("table", "column", "description", "unit", "data type", "formula", "owner")
REASON_SHEET = "reason_codes"
_WIDTHS = (22, 30, 80, 12, 12, 50, 24)
_HOW_TO_READ = (
    ("Begin with", "exceptions: what to look at stands first, most value at risk on top."),
    ("Then decide", "decisions: changes above the approval limit; only its yellow cells can be written to."),
    ("Columns", "Point at a heading for its meaning, formula and published name; all stand in dictionary."),
    ("Reason codes", "The sheet reason_codes says in a sentence what each of them means."),
    ("Units", "In square brackets under a heading. Money is in the currency of the source; shares are in %."),
    ("Empty cell", "Not known or not applicable, never zero; the column null reason says why."),
    ("Negative numbers", "Are numbers: a gap, a loss or a change downwards."),
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One line of the sheets' list in `read_me`: what is there, or why it is not."""

    sheet: str
    rows: int | None
    said: str


def write_read_me(book: Workbook, look: Look, source: ReleaseReader, lines: Sequence[Line]) -> None:
    """Write the first sheet: which release, how fresh, how to read, and which sheets there are."""
    sheet = new_sheet(book, "read_me", source)
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 12)
    sheet.set_column(2, 2, 110)
    bold, wrapped = look.format(bold=True), look.format(text_wrap=True)
    head = look.format(bold=True, bg_color=HEAD, font_color=PAPER)
    sheet.write_string(0, 0, "Stockplan", look.format(bold=True, font_size=18, font_color=HEAD))
    release, standing = source.release, source.standing
    row = 2
    facts: list[tuple[str, Any]] = [
        ("Release", release.release_id),
        ("Business date", release.as_of),
        ("Data as of", release.as_of),
        ("Release before", standing.before_id or "none"),
        ("Standing when written", standing.banner),
        (
            "How fresh",
            "A workbook does not change after it is written. On any day after the next business date, ask "
            "for the newest release with: stockplan releases",
        ),
    ]
    for name, value in facts:
        sheet.write_string(row, 0, name, bold)
        if isinstance(value, str):
            sheet.write_string(row, 2, value, wrapped)
        else:
            sheet.write_datetime(row, 2, value, look.format(num_format="yyyy-mm-dd", align="left"))
        row += 1
    row += 1
    for text in _HOW_TO_READ:
        sheet.write_string(row, 0, text[0], bold)
        sheet.write_string(row, 2, text[1], wrapped)
        row += 1
    row += 1
    for place, name in enumerate(("Sheet", "Rows", "What it tells")):
        sheet.write_string(row, place, name, head)
    link = look.format(font_color="#0B5CAD", underline=1)
    for line in lines:
        row += 1
        if line.rows is None:
            sheet.write_string(row, 0, line.sheet, look.format(font_color=FAINT))
            sheet.write_string(
                row, 2, f"Not here: {line.said}.", look.format(font_color=FAINT, text_wrap=True)
            )
            continue
        # A place in this workbook, named by us; nothing leads out of it.
        sheet.write_url(row, 0, f"internal:'{line.sheet}'!A1", link, line.sheet)
        sheet.write_number(row, 1, line.rows, look.format(num_format="#,##0"))
        sheet.write_string(row, 2, line.said, wrapped)
    sheet.set_first_sheet()
    sheet.activate()


def dictionary_rows(source: ReleaseReader, shown: Sequence[Shown]) -> list[tuple[str, ...]]:
    """Return a row (as the headings of the dictionary) per column that the sheets show."""
    told: dict[tuple[str, str], Meaning] = {}
    for one in shown:
        for name in one.rows.column_names:
            told.setdefault((one.sheet.table, name), one.meaning(source, name))
    return [
        (table, name, meaning.description, meaning.unit, meaning.data_type, meaning.formula, meaning.owner)
        for (table, name), meaning in sorted(told.items())
    ]


def write_dictionary(
    book: Workbook, look: Look, source: ReleaseReader, rows: Sequence[tuple[str, ...]]
) -> None:
    """Write the last sheet: what every shown column means."""
    sheet = new_sheet(book, "dictionary", source)
    banner = f"Dictionary · release {source.release.release_id} · data as of {source.release.as_of}"
    sheet.write_string(BANNER_ROW, 0, banner, look.format(bold=True, font_size=12))
    head = look.format(bold=True, bg_color=HEAD, font_color=PAPER)
    for place, (name, width) in enumerate(zip(_DICTIONARY, _WIDTHS, strict=True)):
        sheet.write_string(HEAD_ROW, place, name, head)
        sheet.set_column(place, place, width)
    sheet.freeze_panes(FIRST_ROW, 2)
    sheet.autofilter(HEAD_ROW, 0, max(FIRST_ROW, HEAD_ROW + len(rows)), len(_DICTIONARY) - 1)
    sheet.repeat_rows(BANNER_ROW, HEAD_ROW)
    write = writer(sheet, look, pa.string(), "", text_wrap=True)
    for number, texts in enumerate(rows):
        for place, text in enumerate(texts):
            if text:
                write(FIRST_ROW + number, place, text)


def write_reasons(book: Workbook, look: Look, source: ReleaseReader) -> None:
    """Write the sheet that says what every reason code means."""
    sheet = new_sheet(book, REASON_SHEET, source)
    banner = f"Reason codes · release {source.release.release_id} · data as of {source.release.as_of}"
    sheet.write_string(BANNER_ROW, 0, banner, look.format(bold=True, font_size=12))
    head = look.format(bold=True, bg_color=HEAD, font_color=PAPER)
    for place, (name, width) in enumerate((("reason code", 34), ("what it means", 110))):
        sheet.write_string(HEAD_ROW, place, name, head)
        sheet.set_column(place, place, width)
    sheet.freeze_panes(FIRST_ROW, 1)
    sheet.autofilter(HEAD_ROW, 0, HEAD_ROW + len(REASONS), 1)
    sheet.repeat_rows(BANNER_ROW, HEAD_ROW)
    write = writer(sheet, look, pa.string(), "", text_wrap=True)
    for number, (code, meaning) in enumerate(sorted(REASONS.items())):
        write(FIRST_ROW + number, 0, code)
        write(FIRST_ROW + number, 1, meaning)
