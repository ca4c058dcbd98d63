"""Rows of the source as Arrow text, cell by cell as PostgreSQL writes them.

A cell is taken as text whatever its type, as it would stand in a file: what it means is decided when
the snapshot is checked, so that a cell that means nothing (an infinite date, a number without end)
is reported as it stood and stops nothing. Values go into a query as bound parameters, names as
quoted identifiers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.rows import TupleRow

from optimization.contracts.column import Kind
from orchestration.ims.connector import SourceSettingsError
from orchestration.ims.postgres.catalogue import Relation, SourceColumn
from orchestration.postgres.rows import read_rows

# A longer text is cut here: no column has room for it, and one cell must not fill the memory.
LONGEST_CELL = 1_000_000

Query = tuple[sql.Composed, list[object]]


def table_query(
    relation: Relation,
    columns: Mapping[str, tuple[SourceColumn, Kind]],
    condition: Query | None,
    zone: str,
) -> Query:
    """Return the query of a table's rows with our columns in the order of `columns`, and its parameters.

    `columns`: ours -> theirs and the kind that we need. Timestamps are written in UTC; those without a
    zone are taken to be of `zone`.
    """
    cells: list[sql.Composable] = []
    values: list[object] = []
    for theirs, kind in columns.values():
        cell: sql.Composable = sql.Identifier(theirs.name)
        if theirs.type_name == "timestamp" and kind == "timestamp" and zone != "UTC":
            cell = sql.SQL("pg_catalog.timezone('UTC', pg_catalog.timezone(%s, {}))").format(cell)
            values.append(zone)
        cell = sql.SQL("{}::pg_catalog.text").format(cell)
        if theirs.is_long:
            cell = sql.SQL("pg_catalog.left({}, {})").format(cell, sql.Literal(LONGEST_CELL))
        cells.append(cell)
    query = sql.SQL("select {} from {}").format(sql.SQL(", ").join(cells), sql.Identifier(*relation))
    if condition is not None:
        query = sql.SQL("{} where {}").format(query, condition[0])
        values += condition[1]
    return query, values


def state_condition(column: SourceColumn, as_of: date, zone: str, entry: str) -> Query:
    """Rows of a dated table that are of the business date."""
    start, end = _borders(column, as_of, as_of, zone, entry)
    name = sql.Identifier(column.name)
    return sql.SQL("{} >= %s and {} < %s").format(name, name), [start, end]


def event_condition(
    watermark: SourceColumn, as_of: date, since: date | None, late_days: int, zone: str, entry: str
) -> Query:
    """Rows that became known up to `as_of`, and after `since` less the days that a row may be late.

    Days are whole, so that rows with one stamp are never parted by the border. A row without a stamp
    is read every time: nothing says that it was read before.
    """
    name = sql.Identifier(watermark.name)
    first = as_of if since is None else since + timedelta(days=1 - late_days)
    start, end = _borders(watermark, first, as_of, zone, entry)
    if since is None:
        return sql.SQL("({} < %s or {} is null)").format(name, name), [end]
    return sql.SQL("({} >= %s and {} < %s or {} is null)").format(name, name, name), [start, end]


def read_text(
    connection: psycopg.Connection[TupleRow], query: Query, names: Sequence[str], batch_rows: int
) -> pa.Table:
    """Return what a query gives as text columns with `names`; missing is null.

    The rows come as a stream, and `batch_rows` of them are held at a time beside what is read already.
    """
    schema = pa.schema([(name, pa.string()) for name in names])
    with _any_bytes(connection):
        rows = read_rows(connection, query[0], query[1], schema, batch_rows)
    return (
        rows
        if _has_encoding(connection)
        else pa.table([*map(_as_bytes, rows.columns)], names=rows.column_names)
    )


def _has_encoding(connection: psycopg.Connection[TupleRow]) -> bool:
    return connection.info.parameter_status("server_encoding") != "SQL_ASCII"


@contextmanager
def _any_bytes(connection: psycopg.Connection[TupleRow]) -> Iterator[None]:
    """Let a database without an encoding send what it holds: what is no text is found cell by cell."""
    if _has_encoding(connection):
        yield
        return
    connection.execute("set local client_encoding = 'SQL_ASCII'")
    yield
    connection.execute("set local client_encoding = 'UTF8'")


def _as_bytes(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of texts of which some are none as the bytes that they are."""
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return values.cast(pa.large_binary())
    return values


def _borders(column: SourceColumn, first: date, last: date, zone: str, entry: str) -> tuple[object, object]:
    found = column.days(first, last, zone)
    if found is None:
        raise SourceSettingsError(
            f"{entry}: {column.name!r} is of type {column.type_name}, and must be a date or a timestamp; "
            "map another column, or a view that has one"
        )
    return found
