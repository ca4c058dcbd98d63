"""Plain values, as a payload or a file holds them, put into the columns of a border table.

Only the form is judged: kind, bounds and list of the column. What does not fit is named with the repair.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from optimization.contracts.column import Column
from optimization.contracts.table import Table
from orchestration.lake.events import read_moment

# Frames hold times in nanoseconds, which end in 2262.
_FIRST_DAY, _LAST_DAY = date(1700, 1, 1), date(2261, 12, 31)
# Beyond it not every whole number is one of its own.
_LARGEST_WHOLE = 2**53


class UnfitError(ValueError):
    """A value that a column cannot hold; `reason` says why, and how to write it."""

    def __init__(self, column_name: str, value: object, reason: str) -> None:
        super().__init__(f"{column_name}: {reason}")
        self.column_name, self.value, self.reason = column_name, value, reason


def fitted_row(stated: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """Return the stated values in the table's columns, typed; others are left out. Raises `UnfitError`."""
    return {
        column.name: _value(column, stated.get(column.name), table.is_nullable(column.name))
        for column in table.columns
    }


def _value(column: Column, value: object, is_nullable: bool) -> object:
    """The value as the column holds it. Raises `UnfitError`."""
    if value is None or value == "":
        if is_nullable:
            return None
        raise UnfitError(column.name, value, "is missing; state it")
    try:
        return _READERS[column.kind](column, value)
    except (ValueError, OverflowError, TypeError) as error:
        raise UnfitError(column.name, value, str(error)) from error


def _text(column: Column, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("is no text; write it in quotes")
    if column.isin is not None and value not in column.isin:
        raise ValueError(f"is none of {', '.join(column.isin)}")
    try:
        # Half a character passes JSON, but no file of a table.
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("holds half a character; write it anew") from error
    return value


def _number(column: Column, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is no number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("is no finite number")
    if column.ge is not None and number < column.ge:
        raise ValueError(f"is below {column.ge:g}")
    if column.gt is not None and number <= column.gt:
        raise ValueError(f"is not above {column.gt:g}")
    if column.le is not None and number > column.le:
        raise ValueError(f"is above {column.le:g}")
    return number


def _integer(column: Column, value: object) -> int:
    number = _number(column, value)
    if number != int(number) or abs(number) > _LARGEST_WHOLE:
        raise ValueError("is no whole number")
    return int(number)


def _flag(column: Column, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is neither true nor false")
    return value


def _date(column: Column, value: object) -> date:
    day = value if isinstance(value, date) and not isinstance(value, datetime) else None
    if day is None:
        if not isinstance(value, str):
            raise ValueError("is no date; write it as 2024-01-31")
        try:
            day = date.fromisoformat(value)
        except ValueError as error:
            raise ValueError("is no date; write it as 2024-01-31") from error
    return _within_time(day)


def _moment(column: Column, value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("is no time; write it as 2024-01-31T10:00, in UTC or with its zone")
    try:
        moment = read_moment(value)
    except ValueError as error:
        raise ValueError("is no time; write it as 2024-01-31T10:00, in UTC or with its zone") from error
    _within_time(moment.date())
    return moment.replace(tzinfo=None)


def _within_time(day: date) -> date:
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise ValueError(f"lies outside {_FIRST_DAY} to {_LAST_DAY}")
    return day


_READERS = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "flag": _flag,
    "date": _date,
    "timestamp": _moment,
}
