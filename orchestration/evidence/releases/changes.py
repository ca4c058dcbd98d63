"""What changed between two releases: what they were made from and with, and every table row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from optimization.errors import StockplanError
from orchestration.evidence.releases.reproduction import Circumstance, money_columns, recorded_differences
from orchestration.evidence.releases.table_changes import TableChanges, table_changes
from orchestration.evidence.table_keys import table_key
from orchestration.lake.parquet import read_arrow
from orchestration.publish.shelf import Release


@dataclass(frozen=True)
class ReleaseChanges:
    """From release `before` to release `after`.

    `circumstances`: inputs, code, packages, settings and seeds that are others. `tables`: those that both
    have; `only_before`, `only_after`: those that one has.
    """

    before: str
    after: str
    circumstances: tuple[Circumstance, ...]
    tables: tuple[TableChanges, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON content."""
        return {
            "before": self.before,
            "after": self.after,
            "circumstances": [vars(one) for one in self.circumstances],
            "tables": [one.to_json() for one in self.tables],
            "only_before": list(self.only_before),
            "only_after": list(self.only_after),
        }


def release_changes(
    before: Release,
    after: Release,
    table: str | None = None,
    where: Mapping[str, str] | None = None,
    limit: int = 10,
) -> ReleaseChanges:
    """Compare two releases, or one `table` of theirs; `where` keeps rows that have these values as text.

    A table whose hash is the same is not read. Raises `StockplanError` for a table that one of them
    lacks, and for a `where` without a table.
    """
    if where and table is None:
        raise StockplanError("rows are chosen within one table; add --table")
    if table is not None:
        before.table(table)
        after.table(table)
    ours, theirs = set(before.tables), set(after.tables)
    names = sorted(ours & theirs) if table is None else [table]
    money = money_columns(after)
    return ReleaseChanges(
        before=before.release_id,
        after=after.release_id,
        circumstances=recorded_differences(before.manifest, after.manifest),
        tables=tuple(
            _changes(before, after, name, where or {}, tuple(money.get(name, ())), limit) for name in names
        ),
        only_before=tuple(sorted(ours - theirs)) if table is None else (),
        only_after=tuple(sorted(theirs - ours)) if table is None else (),
    )


def _changes(
    before: Release,
    after: Release,
    name: str,
    where: Mapping[str, str],
    money: tuple[str, ...],
    limit: int,
) -> TableChanges:
    hashes = [one.manifest["tables"][name]["logical_hash"] for one in (before, after)]
    if hashes[0] == hashes[1]:
        rows = before.rows[name]
        return TableChanges(name, table_key(name), rows, rows, 0, 0, 0, {}, (), (), None, (), (), ())
    old, new = (_chosen(read_arrow(one.table(name)), name, where) for one in (before, after))
    return table_changes(name, old, new, table_key(name), money, limit)


def _chosen(rows: pa.Table, name: str, where: Mapping[str, str]) -> pa.Table:
    unknown = sorted(set(where) - set(rows.column_names))
    if unknown:
        raise StockplanError(
            f"{name} has no column {', '.join(unknown)}; it has {', '.join(rows.column_names)}"
        )
    for column, value in where.items():
        rows = rows.filter(pc.equal(rows[column].cast(pa.string()), value))
    return rows
