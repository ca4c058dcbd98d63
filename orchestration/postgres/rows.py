"""Rows that PostgreSQL sends, as Arrow: streamed, some at a time, missing told from empty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg
import pyarrow as pa
import pyarrow.csv as pacsv
from psycopg import sql
from psycopg.rows import TupleRow

_MOST_BYTES_AT_ONCE = 64 * 2**20


def read_rows(
    connection: psycopg.Connection[TupleRow],
    query: sql.Composed,
    values: Sequence[object],
    schema: pa.Schema,
    batch_rows: int,
) -> pa.Table:
    """Return what a query gives, its columns in the order of `schema`; missing is null.

    `batch_rows` rows are held as text at a time, beside what is read already. Raises `pa.ArrowInvalid` for a
    value that is none of its column's type.
    """
    statement = sql.SQL("copy ({}) to stdout (format csv)").format(query).as_bytes(connection)
    tables = [schema.empty_table()]
    with connection.cursor() as cursor, cursor.copy(statement, values) as copy:
        tables += [_parsed(block, schema) for block in _blocks(iter(copy), batch_rows)]
    return pa.concat_tables(tables)


def _blocks(rows: Iterator[bytes | bytearray | memoryview], batch_rows: int) -> Iterator[bytes]:
    """Join the lines of the stream, each one message, into blocks of whole rows."""
    held: list[bytes] = []
    size = 0
    for row in rows:
        held.append(bytes(row))
        size += len(row)
        if len(held) >= batch_rows or size >= _MOST_BYTES_AT_ONCE:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _parsed(block: bytes, schema: pa.Schema) -> pa.Table:
    return pacsv.read_csv(
        pa.BufferReader(block),
        # One block: a row that lies across two would be refused.
        read_options=pacsv.ReadOptions(
            column_names=schema.names, block_size=len(block) + 1, use_threads=False
        ),
        # A row of one missing value is an empty line.
        parse_options=pacsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=pacsv.ConvertOptions(
            column_types=schema,
            # The server has seen to it, where the database has an encoding at all.
            check_utf8=False,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
