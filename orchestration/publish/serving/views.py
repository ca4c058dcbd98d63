"""Tables and views of the schema: made for a new table, grown for a new column, and commented.

A table grows and never breaks: a new column stands last and is null in older releases, one that a later
release no longer has stays and is null there, and a type never changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from orchestration.crash_points import reach
from orchestration.publish.reading import ReleaseReader
from orchestration.publish.serving.schema import ServingError

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_UNTOLD = "The data dictionary of its release does not say what it means"


def grow_table(
    connection: Connection[TupleRow],
    table: str,
    wanted: Mapping[str, str],
    held: Mapping[str, str] | None,
    lock_timeout_ms: int,
) -> bool:
    """Let store.<table> and published.<table> have every column of `wanted`; False when they had.

    `wanted` and `held`: PostgreSQL's type per column; `held` None for a table that is not there yet. Readers
    of the table wait while it grows, no longer than `lock_timeout_ms`; a passing error says that it could
    not be done in that time. Raises `ServingError` for a column whose type is another than it was.
    """
    for column, kind in wanted.items():
        if held is not None and held.get(column, kind) != kind:
            raise ServingError(
                f"{table}.{column} was {held[column]} in earlier releases and is {kind} now; a published "
                "column keeps its type: give the new values a column of their own"
            )
    missing = [column for column in wanted if column not in (held or {})]
    if held is not None and not missing:
        return False
    with connection.transaction():
        # The view's lock and then the table's are waited for, and the change itself takes its time.
        _limit_lock_waits(connection, lock_timeout_ms // 4)
        connection.execute(
            "select serving.grow_table(%s, %s, %s)", [table, missing, [wanted[column] for column in missing]]
        )
        reach("serving.growing")
    reach("serving.grown")
    return True


def describe_tables(connection: Connection[TupleRow], reader: ReleaseReader, tables: Iterable[str]) -> None:
    """Comment every view and column with what the release's data dictionary says of it."""
    keys = _keys(reader)
    for table in tables:
        columns = {column: _meaning(reader, table, column) for column in reader.columns(table)}
        owner = reader.meaning(table, "release_id").owner
        key = ", ".join(column for column in columns if (table, column) in keys)
        told = [f"{table} of the current release"]
        told += [f"one row per {key}"] if key else []
        told += [f"owned by {owner}"] if owner else []
        connection.execute(
            "select serving.describe_table(%s, %s, %s::jsonb)",
            [table, "; ".join(told).replace("\0", ""), json.dumps(columns)],
        )


def _keys(reader: ReleaseReader) -> set[tuple[str, str]]:
    """The columns that identify the rows of each published table."""
    if not reader.has("data_dictionary", "layer", "table_name", "column_name", "is_key"):
        return set()
    rows = reader.arrow("data_dictionary", ["layer", "table_name", "column_name", "is_key"]).to_pylist()
    return {
        (row["table_name"], row["column_name"])
        for row in rows
        if row["layer"] == "published" and row["is_key"]
    }


def _meaning(reader: ReleaseReader, table: str, column: str) -> str:
    meaning = reader.meaning(table, column)
    text = meaning.description or _UNTOLD
    if meaning.unit:
        text += f" [{meaning.unit}]"
    if meaning.formula:
        text += f"; {meaning.formula}"
    return text.replace("\0", "")


def _limit_lock_waits(connection: Connection[TupleRow], milliseconds: int) -> None:
    connection.execute("select set_config('lock_timeout', %s, true)", [f"{max(milliseconds, 1)}ms"])
