"""What differs between two versions of one table: rows, columns, and the changes worth most.

Rows are matched by their key. A table whose key is not known, or does not identify its rows, is
compared by whole rows: what is only in one of the two was added or removed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from orchestration.closed_duckdb import closed_duckdb, quoted
from orchestration.publish.plain_json import plain_json

if TYPE_CHECKING:
    import duckdb

# Which release a row stands in says nothing about its content.
STAMPS = ("release_id", "as_of")
_NUMBERS = ("DOUBLE", "FLOAT", "BIGINT", "INTEGER", "HUGEINT", "SMALLINT", "TINYINT", "DECIMAL")


@dataclass(frozen=True)
class TableChanges:
    """What became of one table from one version (`before`) to the other (`after`).

    `columns`: changed rows per column, the most first. `new_columns`, `gone_columns`: only in one of the
    two. `ranked_by`: the column whose changes order `top`, the largest first; each of `top` holds the
    row's key and, per changed column, [before, after]. `added_keys`, `removed_keys`: the first few.
    """

    table: str
    key: tuple[str, ...]
    rows_before: int
    rows_after: int
    added: int
    removed: int
    changed: int
    columns: Mapping[str, int]
    new_columns: tuple[str, ...]
    gone_columns: tuple[str, ...]
    ranked_by: str | None
    top: tuple[Mapping[str, Any], ...]
    added_keys: tuple[Mapping[str, Any], ...]
    removed_keys: tuple[Mapping[str, Any], ...]

    @property
    def is_same(self) -> bool:
        """Whether both hold the same rows in the same columns."""
        return not (self.added or self.removed or self.changed or self.new_columns or self.gone_columns)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON content."""
        content: dict[str, Any] = plain_json(asdict(self))
        return content


def table_changes(
    table: str,
    before: pa.Table,
    after: pa.Table,
    key: Sequence[str],
    money: Collection[str] = (),
    limit: int = 10,
) -> TableChanges:
    """Compare two versions of `table` by `key`; `money` columns, where any changed, order the changes.

    >>> old = pa.table({"item_id": ["A", "B"], "units": [1.0, 2.0]})
    >>> new = pa.table({"item_id": ["B", "C"], "units": [5.0, 2.0]})
    >>> found = table_changes("stock", old, new, ["item_id"])
    >>> found.added, found.removed, found.changed, dict(found.columns), found.top[0]["units"]
    (1, 1, 1, {'units': 1}, [2.0, 5.0])
    """
    ours = [name for name in before.column_names if name not in STAMPS]
    theirs = [name for name in after.column_names if name not in STAMPS]
    shared = [name for name in ours if name in theirs]
    with closed_duckdb() as connection:
        connection.register("old", before.select(ours))
        connection.register("new", after.select(theirs))
        named = [name for name in key if name in shared and name not in STAMPS]
        is_key = bool(named) and _identifies(connection, named, before.num_rows, after.num_rows)
        found = _by_key(connection, named, shared, money, limit) if is_key else _by_row(connection, shared)
    return TableChanges(
        table=table,
        key=tuple(named) if is_key else (),
        rows_before=before.num_rows,
        rows_after=after.num_rows,
        new_columns=tuple(name for name in theirs if name not in ours),
        gone_columns=tuple(name for name in ours if name not in theirs),
        **found,
    )


def _identifies(connection: duckdb.DuckDBPyConnection, key: list[str], before: int, after: int) -> bool:
    names = ", ".join(map(quoted, key))
    counts = [
        _one(connection, f"select count(*) from (select distinct {names} from {side})")  # noqa: S608
        for side in ("old", "new")
    ]
    return counts == [before, after]


def _by_row(connection: duckdb.DuckDBPyConnection, shared: list[str]) -> dict[str, Any]:
    names = ", ".join(map(quoted, shared)) or "1"

    def only(one: str, other: str) -> int:
        return _one(
            connection,
            f"select count(*) from (select {names} from {one} except all select {names} from {other})",  # noqa: S608
        )

    return {
        "added": only("new", "old"),
        "removed": only("old", "new"),
        "changed": 0,
        "columns": {},
        "ranked_by": None,
        "top": (),
        "added_keys": (),
        "removed_keys": (),
    }


def _by_key(
    connection: duckdb.DuckDBPyConnection,
    key: list[str],
    shared: list[str],
    money: Collection[str],
    limit: int,
) -> dict[str, Any]:
    match = " and ".join(f"o.{quoted(name)} is not distinct from n.{quoted(name)}" for name in key)
    values = [name for name in shared if name not in key]
    keys = ", ".join(f"coalesce(n.{quoted(name)}, o.{quoted(name)}) as {quoted(name)}" for name in key)
    pairs = "".join(
        f", o.{quoted(name)} as {quoted('o ' + name)}, n.{quoted(name)} as {quoted('n ' + name)}"
        for name in values
    )
    connection.execute(
        f"create temp table both_sides as select o.is_there as is_old, n.is_there as is_new, {keys}{pairs} "  # noqa: S608
        f"from (select *, true as is_there from old) o full join (select *, true as is_there from new) n "
        f"on {match}"
    )
    differs = {name: f"{quoted('o ' + name)} is distinct from {quoted('n ' + name)}" for name in values}
    anywhere = " or ".join(differs.values()) or "false"
    counts = "".join(f", count(*) filter (where is_old and is_new and {one})" for one in differs.values())
    row = _row(
        connection,
        "select count(*) filter (where is_old is null), count(*) filter (where is_new is null), "  # noqa: S608
        f"count(*) filter (where is_old and is_new and ({anywhere})){counts} from both_sides",
    )
    columns = {name: n for name, n in zip(values, row[3:], strict=True) if n}
    ordered = dict(sorted(columns.items(), key=lambda one: (-one[1], one[0])))
    ranked_by = _ranking(connection, ordered, money)
    return {
        "added": row[0],
        "removed": row[1],
        "changed": row[2],
        "columns": ordered,
        "ranked_by": ranked_by,
        "top": tuple(_top(connection, key, list(ordered), ranked_by, anywhere, limit)),
        "added_keys": tuple(_keys(connection, key, "is_old is null", limit)),
        "removed_keys": tuple(_keys(connection, key, "is_new is null", limit)),
    }


def _ranking(
    connection: duckdb.DuckDBPyConnection, columns: Mapping[str, int], money: Collection[str]
) -> str | None:
    """The column that says what a change is worth: money first, else the number that changed most often."""
    described = connection.execute("describe both_sides").fetchall()
    numbers = {row[0][2:] for row in described if row[1].split("(")[0] in _NUMBERS}
    found = [name for name in columns if name in numbers]
    return next((name for name in found if name in money), found[0] if found else None)


def _top(
    connection: duckdb.DuckDBPyConnection,
    key: list[str],
    columns: list[str],
    ranked_by: str | None,
    anywhere: str,
    limit: int,
) -> list[dict[str, Any]]:
    names = ", ".join(map(quoted, key))
    size = (
        f"abs(coalesce(cast({quoted('n ' + ranked_by)} as double), 0) "
        f"- coalesce(cast({quoted('o ' + ranked_by)} as double), 0)) desc nulls last, "
        if ranked_by
        else ""
    )
    rows = connection.execute(
        f"select * from both_sides where is_old and is_new and ({anywhere}) order by {size}{names} limit ?",  # noqa: S608
        [limit],
    ).to_arrow_table()
    told: list[dict[str, Any]] = []
    for row in rows.to_pylist():
        changed = {
            name: [row[f"o {name}"], row[f"n {name}"]]
            for name in columns
            if row[f"o {name}"] != row[f"n {name}"]
        }
        told.append({**{name: row[name] for name in key}, **changed})
    return told


def _keys(
    connection: duckdb.DuckDBPyConnection, key: list[str], where: str, limit: int
) -> list[dict[str, Any]]:
    names = ", ".join(map(quoted, key))
    query = f"select {names} from both_sides where {where} order by {names} limit ?"  # noqa: S608
    rows: list[dict[str, Any]] = connection.execute(query, [limit]).to_arrow_table().to_pylist()
    return rows


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(_row(connection, query)[0])


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The first row of a query that counts, which always has one."""
    found: tuple[Any, ...] = connection.execute(query).fetchall()[0]
    return found
