"""Which rows of a delivered snapshot may be sealed, and why the others may not.

The rules are derived from the source contract; nothing here names a table. A bad row is set aside
with its key, column, rule, value and repair, and costs only itself: the rest of its table goes on,
and a row that refers to it is set aside as its consequence. Whether too much is bad to seal at all
is `orchestration.lake.sealing`'s decision.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import RAW_BY_NAME, RAW_TABLES, RawTable
from orchestration.ims.connector import Snapshot
from orchestration.ims.row_rules import (
    Examination,
    Limits,
    Violation,
    cast_columns,
    check_circles,
    check_dates,
    check_duplicates,
    check_hierarchy,
    check_members,
    check_references,
    check_values,
)

QUARANTINE_SCHEMA = pa.schema(
    [(name, pa.int64() if name == "row_number" else pa.string()) for name in (
        "table_name", "row_key", "row_number", "column_name", "rule", "value", "repair",
    )]
)  # fmt: skip
_VALUE_LENGTH = 200


@dataclass(frozen=True)
class ExaminedTable:
    """One delivered table after the checks.

    `accepted` has the contract's schema. `extra` holds columns the contract does not know, of
    every delivered row, beside the row's key and number. `bad_rows` counts rows set aside for a
    fault of their own, `cascaded_rows` those that only refer to such a row, or that contradict
    one another while each would be good alone.
    """

    contract: RawTable
    delivered: pa.Table
    accepted: pa.Table
    violations: tuple[Violation, ...]
    bad_rows: int
    cascaded_rows: int
    superseded_rows: int
    present_columns: tuple[str, ...]
    defaulted_columns: tuple[str, ...]
    extra_columns: tuple[str, ...]

    @property
    def quarantined_rows(self) -> int:
        """Rows set aside, for whatever reason."""
        return self.bad_rows + self.cascaded_rows

    def quarantine(self, most_per_rule: int | None = None) -> pa.Table:
        """Return the rows set aside (`QUARANTINE_SCHEMA`), one line per row and broken rule.

        Sorted by row; `row_number` counts from 1 in the order of delivery. `most_per_rule` cuts
        the list of a hopeless table short.
        """
        lines: list[dict[str, Any]] = []
        for violation in self.violations:
            rows = violation.rows[:most_per_rule]
            taken = self.delivered.take(pa.array(rows))
            keys = taken.select([name for name in self.contract.key if name in taken.column_names])
            values = (
                taken.column(violation.column).to_pylist()
                if violation.column in taken.column_names
                else [None] * len(rows)
            )
            for row, key, value in zip(rows, keys.to_pylist(), values, strict=True):
                lines.append(
                    {
                        "table_name": self.contract.source_name,
                        "row_key": json.dumps(key, default=_as_text, ensure_ascii=False),
                        "row_number": int(row) + 1,
                        "column_name": violation.column,
                        "rule": violation.rule,
                        "value": repr(value)[:_VALUE_LENGTH],
                        "repair": violation.repair,
                    }
                )
        lines.sort(key=lambda line: (line["row_number"], line["column_name"], line["rule"]))
        return pa.Table.from_pylist(lines, schema=QUARANTINE_SCHEMA)

    def extra(self) -> pa.Table | None:
        """Return the columns kept aside, or None when the contract knows them all."""
        if not self.extra_columns:
            return None
        key = [name for name in self.contract.key if name in self.delivered.column_names]
        numbers = pa.array(np.arange(1, self.delivered.num_rows + 1))
        columns = {name: self.delivered.column(name) for name in key}
        columns["row_number"] = pa.chunked_array([numbers])
        for name in self.extra_columns:
            columns[name if name != "row_number" else "row_number_at_source"] = _storable(
                self.delivered.column(name)
            )
        return pa.table(columns)


def examine_snapshot(snapshot: Snapshot, max_text_length: int) -> dict[str, ExaminedTable]:
    """Examine every table that the contract knows; tables in the contract's order.

    The snapshot must carry its mandatory columns (sealing refuses it otherwise).
    """
    limits = Limits(snapshot.as_of, snapshot.source, max_text_length)
    examined: dict[str, ExaminedTable] = {}
    for contract in _referenced_first():
        if contract.source_name in snapshot.tables:
            delivered = snapshot.tables[contract.source_name]
            examined[contract.source_name] = examine(contract, delivered, limits, examined)
    return {name: examined[name] for name in RAW_BY_NAME if name in examined}


def examine(
    contract: RawTable,
    delivered: pa.Table,
    limits: Limits,
    others: Mapping[str, ExaminedTable],
) -> ExaminedTable:
    """Examine one table. `others` are the examined tables that its references point to."""
    state = Examination(contract, delivered, limits)
    cast_columns(state)
    for column in contract.columns:
        if column.name in delivered.column_names:
            check_values(state, column)
    check_dates(state)
    superseded = check_duplicates(state)
    check_hierarchy(state)
    check_members(state)
    is_bad = ~state.good & ~superseded
    held = {name: (one.accepted, one.delivered) for name, one in others.items()}
    is_bad |= check_references(state, held)
    check_circles(state)
    quarantined = int((~state.good & ~superseded).sum())
    bad = int(is_bad.sum())
    accepted = pa.table(
        [state.columns[name] for name in contract.column_names], schema=arrow_schema(contract)
    )
    if not state.good.all():
        accepted = accepted.filter(pa.array(state.good))
    known = set(contract.column_names)
    return ExaminedTable(
        contract=contract,
        delivered=delivered,
        accepted=accepted,
        violations=tuple(state.violations),
        bad_rows=bad,
        cascaded_rows=quarantined - bad,
        superseded_rows=int(superseded.sum()),
        present_columns=tuple(
            name
            for name in contract.column_names
            if name in delivered.column_names
            and (not delivered.num_rows or state.columns[name].null_count < delivered.num_rows)
        ),
        defaulted_columns=tuple(state.defaulted),
        extra_columns=tuple(name for name in delivered.column_names if name not in known),
    )


def _referenced_first() -> list[RawTable]:
    """Tables in the contract's order, each after those it refers to."""
    ordered: list[RawTable] = []

    def add(contract: RawTable) -> None:
        if contract in ordered:
            return
        for name, _ in (*contract.references.values(), *contract.member_references.values()):
            if name != contract.source_name:
                add(RAW_BY_NAME[name])
        ordered.append(contract)

    for contract in RAW_TABLES:
        add(contract)
    return ordered


def _storable(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Nested values as JSON text: a column kept aside need not be more than readable."""
    if not pa.types.is_nested(values.type):
        return values
    texts = [
        None if value is None else json.dumps(value, default=_as_text, ensure_ascii=False)
        for value in values.to_pylist()
    ]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
