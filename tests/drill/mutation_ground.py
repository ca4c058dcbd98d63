"""A valid snapshot with rows in every source table, from which mutated ones are made.

Rows come from the small source of the tests; a table that it leaves empty or short is filled from the
contract alone, with values that every rule must let through.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import pyarrow as pa

from optimization.contracts.column import Column
from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import RAW_BY_NAME, RAW_TABLES, STAMPS, RawTable
from orchestration.ims.connector import Snapshot
from orchestration.ims.quarantine import ExaminedTable, examine_snapshot
from tests.factories import SOURCE, small_snapshot

MAX_TEXT = 1000
DAYS = (date(2022, 7, 20), date(2022, 9, 11), date(2022, 12, 31))
_MOST_ROWS, _LEAST_ROWS = 60, 12


@dataclass(frozen=True)
class Ground:
    """One valid snapshot: its tables as typed rows, and what examining them gives."""

    as_of: date
    tables: dict[str, pa.Table]
    examined: dict[str, ExaminedTable]
    cells: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def values(self, table: str, column: str) -> list[Any]:
        """Return a copy of a column's values."""
        if (table, column) not in self.cells:
            self.cells[table, column] = self.tables[table].column(column).to_pylist()
        return list(self.cells[table, column])


def targets(contract: RawTable) -> dict[str, tuple[str, str]]:
    """Return every reference of a table, of single values and of sets: column -> (table, column)."""
    return {**contract.references, **contract.member_references}


@cache
def ground(as_of: date) -> Ground:
    """Return the valid snapshot of one date; nothing of it may be set aside or changed."""
    small = small_snapshot(as_of).tables
    tables: dict[str, pa.Table] = {}
    for contract in sorted(RAW_TABLES, key=lambda one: len(targets(one))):
        name = contract.source_name
        rows = small[name].slice(0, _MOST_ROWS).to_pylist()
        if len(rows) < _LEAST_ROWS and not contract.hierarchy:
            rows += [_row(contract, number, as_of, tables) for number in range(_LEAST_ROWS - len(rows))]
        nullable = pa.schema([one.with_nullable(True) for one in arrow_schema(contract)])
        tables[name] = pa.Table.from_pylist(rows, schema=nullable)
    examined = examine_snapshot(Snapshot(as_of, SOURCE, tables, {}, None), MAX_TEXT)
    for name, one in examined.items():
        if one.violations or not one.accepted.equals(tables[name].cast(one.accepted.schema)):
            raise AssertionError(
                f"the ground's {name} is not valid: {[each.rule for each in one.violations]}"
            )
    return Ground(as_of, tables, examined)


def _row(contract: RawTable, number: int, as_of: date, tables: dict[str, pa.Table]) -> dict[str, Any]:
    row = {column.name: _value(contract, column, number, as_of) for column in contract.columns}
    for column, (table, target) in targets(contract).items():
        known = tables[table].column(target).to_pylist() if table in tables else []
        row[column] = known[number % len(known)] if known else None
    if contract.acyclic is not None and contract.acyclic_where is not None:
        # Of the kind that may go in circles, and between two others each time.
        column, not_this = contract.acyclic_where
        kinds = next(one.isin for one in contract.columns if one.name == column) or ()
        row[column] = next(kind for kind in kinds if kind != not_this)
        there, target = targets(contract)[contract.acyclic[1]]
        known = tables[there].column(target).to_pylist()
        row[contract.acyclic[1]] = known[(number + 2 + number // len(known)) % len(known)]
    return row


def _value(contract: RawTable, column: Column, number: int, as_of: date) -> Any:
    if column.name == "loaded_at":
        return datetime(as_of.year, as_of.month, as_of.day, 3, number % 60)
    if column.name in STAMPS:
        return SOURCE
    if column.isin is not None:
        return column.isin[-1 - number % len(column.isin)]
    if column.name in contract.sets:
        return None
    if column.kind == "text":
        return f"{column.name[:12].upper()}-{number:03d}"
    if column.kind == "flag":
        return number % 2 == 0
    if column.kind in ("number", "integer"):
        least = column.ge if column.ge is not None else (column.gt if column.gt is not None else 0.0)
        value = least + 1 + number
        value = min(value, column.le) if column.le is not None else value
        return int(value) if column.kind == "integer" else float(value)
    # One day for all dates of a row: no order of two dates is broken.
    day = as_of - timedelta(days=40 - number)
    return datetime(day.year, day.month, day.day, 9) if column.kind == "timestamp" else day


def referring(table: str) -> dict[str, list[tuple[str, str]]]:
    """Return the tables that refer to `table`: their name -> (own column, column referred to)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for contract in RAW_TABLES:
        for column, (there, target) in targets(contract).items():
            if there == table:
                found.setdefault(contract.source_name, []).append((column, target))
    return found


__all__ = ["DAYS", "MAX_TEXT", "RAW_BY_NAME", "Ground", "ground", "referring", "targets"]
