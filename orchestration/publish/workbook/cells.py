"""From a column of Arrow to cells of Excel: each value as what it is, text always as text.

Nothing from the data is ever a formula or a link: text is written as text, and text that a spreadsheet
would take for a formula when somebody edits the cell is marked as quoted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from orchestration.publish.spreadsheet_text import is_risky

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

Write = Callable[[int, int, Any], object]

# Excel holds no longer text in a cell.
LONGEST_TEXT = 32_767
_CUT = " … (cut)"
_DATE, _TIME = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
_WHOLE, _FRACTION, _LARGE = "#,##0", "#,##0.00", 10_000.0
_BY_UNIT = {"share": "0.0%", "factor": "0.000", "share/year": "0.0%"}


@dataclass(frozen=True)
class Look:
    """Formats are kept once per workbook: number format, and whether the cell may be written to."""

    book: Workbook
    held: dict[tuple[tuple[str, Any], ...], Format]

    def format(self, **properties: Any) -> Format:
        """Return the workbook's format of these properties."""
        key = tuple(sorted(properties.items()))
        if key not in self.held:
            self.held[key] = self.book.add_format({"valign": "top", **properties})
        return self.held[key]


def number_format(unit: str, values: pa.ChunkedArray) -> str:
    """Return Excel's format of a numeric column by its unit and by what it holds.

    >>> number_format("share", pa.chunked_array([[0.5]])), number_format("units", pa.chunked_array([[1.0]]))
    ('0.0%', '#,##0')
    >>> number_format("units", pa.chunked_array([[1.5]])), number_format("", pa.chunked_array([[2023]]))
    ('#,##0.00', '0')
    """
    if unit in _BY_UNIT:
        return _BY_UNIT[unit]
    if pa.types.is_integer(values.type):
        return _WHOLE if unit else "0"
    numbers = [value for value in values.to_pylist() if value is not None and math.isfinite(value)]
    if all(value.is_integer() for value in numbers):
        return _WHOLE
    if unit.startswith("money") and max(map(abs, numbers)) >= _LARGE:
        return _WHOLE
    return _FRACTION if unit or max(map(abs, numbers)) >= 1.0 else "0.0000"


def cell_text(value: str) -> str:
    """Return text that fits into a cell; what is cut off is said.

    >>> len(cell_text("x" * 40_000)), cell_text("=1+1")
    (32767, '=1+1')
    """
    return value if len(value) <= LONGEST_TEXT else value[: LONGEST_TEXT - len(_CUT)] + _CUT


def writer(sheet: Worksheet, look: Look, kind: pa.DataType, shape: str, **properties: Any) -> Write:
    """Return what writes one value of a column into (row, column); null leaves the cell empty."""
    if pa.types.is_boolean(kind):
        plain = look.format(align="center", **properties)
        return lambda row, column, value: sheet.write_boolean(row, column, value, plain)
    if pa.types.is_temporal(kind):
        dated = look.format(num_format=shape, align="left", **properties)
        return lambda row, column, value: sheet.write_datetime(row, column, value, dated)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        number = look.format(num_format=shape, **properties)
        return lambda row, column, value: _write_number(sheet, row, column, value, number)
    text, quoted = look.format(**properties), look.format(quote_prefix=True, **properties)
    return lambda row, column, value: _write_text(sheet, row, column, value, text, quoted)


def shape_of(kind: pa.DataType, unit: str, values: pa.ChunkedArray) -> str:
    """Return the number format of a column."""
    if pa.types.is_timestamp(kind):
        return _TIME
    if pa.types.is_temporal(kind):
        return _DATE
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return number_format(unit, values)
    return ""


def row_formats(look: Look, units: pa.ChunkedArray) -> Mapping[str, Format]:
    """Return per unit the format of numbers whose unit changes from row to row."""
    return {
        unit: look.format(num_format=_BY_UNIT.get(unit, "#,##0.00"))
        for unit in sorted({value or "" for value in units.to_pylist()})
    }


def _write_number(sheet: Worksheet, row: int, column: int, value: float, shape: Format) -> None:
    # Excel has no cell for what is not a number; the release's checks let none through.
    if math.isfinite(value):
        sheet.write_number(row, column, value, shape)


def _write_text(sheet: Worksheet, row: int, column: int, value: object, text: Format, quoted: Format) -> None:
    said = cell_text(str(value))
    sheet.write_string(row, column, said, quoted if is_risky(said) else text)
