"""What may be wrong with one cell or one row, and what has to come of it: the planted truth.

Written from what the source contract says, not from the code that enforces it. A change without a
rule is harmless, and states the value that has to be sealed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from optimization.contracts.column import Column
from orchestration.contracts.raw import STAMPS, RawTable
from tests.drill.mutation_ground import MAX_TEXT, targets

# Words for "there is nothing here".
NOTHING = (None, "", "   ", "NaN", "nan", "N/A")
NO_NUMBER = ("three", "14,00", "1_000", "12 pcs", "--", "0x1A", "1.2.3", "€5")
NO_DATE = ("2022-02-30", "07/04/2022", "20.07.2022", "0000-00-00", "2022-13-01", "yesterday", "2022-7-4")
NO_FLAG = ("perhaps", "2", "-1", "ja", "truee")
CONTROL = ("a\x00b", "\x1b[31mred", "\x7f", "bell\x07", "a\x08b", "\x0b", "\x1f")
HOSTILE = (
    "Robert'); drop table item;--",
    "../../etc/passwd",
    '=cmd|"/c calc"!A1',
    "@SUM(1+1)",
    "🚗💨 naïve",
    "\u202egnp.exe \u05d0\u05d1",
    "{{ 7 * 7 }} ${HOME} $(id)",
    "two\r\nlines\tand a tab",
    'a,"b",c',
    "<script>alert(1)</script>",
    "e\u0301 and é",
    "zero\u200bwidth",
    "NULL",
    "None",
    "0012",
    "x" * MAX_TEXT,
)
NEVER, LONG_AGO = date(9999, 12, 31), date(1899, 12, 31)
# Marks a cell that holds bytes which are no UTF-8 text.
NO_TEXT = b"\xff\xfe\xc3"


@dataclass(frozen=True)
class Change:
    """One cell's new value; the rule that has to catch it, or "" and the value that has to be sealed.

    `also` are columns in which the same value breaks a rule as well.
    """

    column: str
    value: Any
    rule: str = ""
    sealed: Any = None
    also: tuple[str, ...] = ()


def changes(contract: RawTable, column: Column, held: dict[str, Any], as_of: date) -> Iterator[Change]:
    """Yield every change of a column of one row; `held` are the row's values."""
    for change in _all_changes(contract, column, held, as_of):
        # Another key is another row, which may be there already.
        if change.rule or column.name not in contract.key:
            yield change


def _all_changes(contract: RawTable, column: Column, held: dict[str, Any], as_of: date) -> Iterator[Change]:
    name, value = column.name, held[column.name]
    yield from _missing(contract, column, as_of)
    is_plain = _is_free(contract, name)
    if column.kind == "text":
        yield from _texts(contract, column, is_plain)
    elif column.kind in ("number", "integer"):
        yield from _numbers(column)
    elif column.kind == "flag":
        yield from (Change(name, text, "not_castable") for text in NO_FLAG)
        if value is not None:
            words = ("1", "true", "yes", "y", "T", " True ") if value else ("0", "false", "no", "n", "F")
            yield from (Change(name, word, sealed=value) for word in words)
    else:
        yield from _dates(contract, column, held, as_of)


def _is_free(contract: RawTable, name: str) -> bool:
    """Whether any text may stand in the column without a bearing on other rows."""
    bound = {*targets(contract), *contract.sets, *contract.members, *contract.hierarchy, *contract.key}
    return name not in bound


def _missing(contract: RawTable, column: Column, as_of: date) -> Iterator[Change]:
    name = column.name
    nothing = (*NOTHING, math.nan) if column.kind == "number" else NOTHING
    if name in contract.hierarchy:
        # An empty level is right or wrong by the levels around it.
        return
    for value in nothing:
        if name == "loaded_at":
            yield Change(name, value, sealed=datetime(as_of.year, as_of.month, as_of.day, 23, 59, 59))
        elif name in STAMPS:
            yield Change(name, value, sealed="small")
        elif contract.is_nullable(name):
            yield Change(name, value)
        else:
            yield Change(name, value, "missing_value")


def _texts(contract: RawTable, column: Column, is_plain: bool) -> Iterator[Change]:
    name = column.name
    yield Change(name, NO_TEXT, "not_castable")
    if column.isin is not None:
        yield from (Change(name, word, "isin") for word in ("vanished", column.isin[0] + "x", "?", "ISIN"))
        return
    yield Change(name, "x" * (MAX_TEXT + 1), "text_length")
    yield Change(name, "é" * 10_000, "text_length")
    yield from (Change(name, text, "control_character") for text in CONTROL)
    if name in targets(contract):
        yield from (Change(name, ghost, "unknown_reference") for ghost in ("GHOST", "item-1", "CAR-A "))
    if name in contract.members:
        yield Change(name, "one|two", "joining_character")
    if name in contract.hierarchy:
        yield Change(name, "one/two", "path_character")
    if is_plain:
        yield from (Change(name, text, sealed=text) for text in HOSTILE)


def _numbers(column: Column) -> Iterator[Change]:
    name, is_whole = column.name, column.kind == "integer"
    yield from (Change(name, text, "not_castable") for text in NO_NUMBER)
    if is_whole:
        yield from (Change(name, text, "not_castable") for text in ("2.5", "99999999999999999999", "inf"))
    else:
        endless = (math.inf, -math.inf, "inf", "-Infinity", "1e400")
        yield from (Change(name, value, "finite") for value in endless)
        if column.le is None:
            yield from (Change(name, value, "magnitude") for value in (1e300, 1e12, "1e15"))
    step: float = 1 if is_whole else 1e-3
    for bound, rule, within, beyond in (
        (column.ge, "greater_than_or_equal_to(", 0.0, -step),
        (column.gt, "greater_than(", step, 0.0),
        (column.le, "less_than_or_equal_to(", 0.0, step),
    ):
        if bound is None:
            continue
        kind = int if is_whole else float
        yield Change(name, kind(bound + beyond), rule)
        good = kind(bound + within)
        if column.le is None or good <= column.le:
            yield Change(name, good, sealed=good)
            yield Change(name, f" {good} ", sealed=good)


def _dates(contract: RawTable, column: Column, held: dict[str, Any], as_of: date) -> Iterator[Change]:
    name, is_moment = column.name, column.kind == "timestamp"
    # Beyond the dates that may be, a date may be out of order with others as well.
    partners = tuple(
        later for pair in contract.ordered_dates if name in pair for later in (pair[1],) if later != name
    )

    def typed(day: date) -> date | datetime:
        return datetime(day.year, day.month, day.day, 7) if is_moment else day

    yield from (Change(name, text, "not_castable") for text in NO_DATE)
    if is_moment:
        yield Change(name, "2022-07-20T25:00:00", "not_castable")
    yield Change(name, typed(NEVER), "date_range", also=partners)
    yield Change(name, typed(LONG_AGO), "date_range", also=partners)
    tomorrow, later = as_of + timedelta(days=1), date(2099, 1, 1)
    rule = (
        "known_after_business_date"
        if name == "loaded_at"
        else "after_business_date"
        if name in contract.event_dates
        else ""
    )
    if rule:
        for day in (tomorrow, later):
            yield Change(name, typed(day), rule, also=partners)
            yield Change(name, day.isoformat(), rule, also=partners)
    for earlier, end in contract.ordered_dates:
        if name == end and held[earlier] is not None:
            yield Change(name, held[earlier] - timedelta(days=1), f"{earlier} <= {end}")
    if held[name] is not None:
        yield Change(name, held[name].isoformat(), sealed=held[name])
