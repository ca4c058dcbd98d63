"""Loading: one table of a release becomes a part of the store, in one transaction, seen by nobody.

Arrow writes the rows as CSV, PostgreSQL copies them in. Every value arrives as it is, with one exception:
PostgreSQL's text cannot hold a NUL; U+2400, the sign for it, stands in its place and is counted.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from psycopg import DataError, sql
from pyarrow import csv

from orchestration.crash_points import reach
from orchestration.publish.serving.catalogue import Part, described, part_name
from orchestration.publish.serving.schema import ServingError
from orchestration.publish.shelf import Release

if TYPE_CHECKING:
    from psycopg import Connection, Copy
    from psycopg.rows import TupleRow

NUL, NUL_SIGN = "\0", "\u2400"
_BATCH_ROWS = 50_000


def column_types(table: str, schema: pa.Schema) -> dict[str, str]:
    """Return PostgreSQL's type of every column, in order.

    Raises `ServingError` for a kind of values that published tables do not have.
    """
    return {field.name: _column_type(table, field) for field in schema}


def load_part(connection: Connection[TupleRow], release: Release, table: str) -> Part:
    """Load a table of a release beside its parent, which has every column of it; return what it became.

    Raises `ServingError` when the file holds other rows than the manifest says, or a value that PostgreSQL
    cannot hold; nothing is left behind then.
    """
    file = pq.ParquetFile(release.tables[table])
    names = file.schema_arrow.names
    part = sql.Identifier("store", part_name(table, release.release_id))
    expected = release.manifest["tables"][table]
    replaced: dict[str, int] = {}
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("select serving.begin_part(%s, %s)", [table, release.release_id])
        # Frozen: whoever reads first need not mark every row, and nothing else can see them anyway.
        copy = sql.SQL("copy {} ({}) from stdin with (format csv, freeze)").format(
            part, sql.SQL(", ").join(map(sql.Identifier, names))
        )
        try:
            with cursor.copy(copy) as stream:
                rows = _write(stream, file, replaced)
        except DataError as error:
            raise ServingError(
                f"{table} of {release.release_id} holds a value that PostgreSQL cannot: "
                f"{error.diag.message_primary} ({error.diag.context}); repair it where the table is made"
            ) from error
        if rows != expected["rows"]:
            raise ServingError(
                f"{release.tables[table]} holds {rows:,} rows and its manifest says {expected['rows']:,}; "
                "restore the release from a copy"
            )
        told = described(rows, expected["logical_hash"], replaced)
        cursor.execute("select serving.end_part(%s, %s, %s)", [table, release.release_id, told])
        reach("serving.loading")
    reach("serving.loaded")
    return Part(table, release.release_id, "detached", rows, expected["logical_hash"], replaced)


def _column_type(table: str, field: pa.Field) -> str:
    kind = field.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "text"
    if pa.types.is_boolean(kind):
        return "boolean"
    # One width for all whole numbers: a table that grows must not outgrow its type.
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        return "bigint"
    if pa.types.is_floating(kind):
        return "double precision"
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision},{kind.scale})"
    if pa.types.is_date(kind):
        return "date"
    if pa.types.is_timestamp(kind):
        return "timestamp without time zone" if kind.tz is None else "timestamp with time zone"
    raise ServingError(
        f"{table}.{field.name} holds {kind}, which is not served; publish text, number, flag, date or time"
    )


class _Sink(io.RawIOBase):
    """What Arrow writes into: the stream of the copy."""

    def __init__(self, stream: Copy) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        data = bytes(content)
        self._stream.write(data)
        return len(data)


def _write(stream: Copy, file: pq.ParquetFile, replaced: dict[str, int]) -> int:
    """Write every row as CSV, text in quotes and null as nothing; return how many there were."""
    options = csv.WriteOptions(include_header=False, batch_size=_BATCH_ROWS)
    rows = 0
    with csv.CSVWriter(_Sink(stream), file.schema_arrow, write_options=options) as writer:
        for batch in file.iter_batches(_BATCH_ROWS):
            writer.write_batch(without_nul(batch, replaced))
            rows += batch.num_rows
    return rows


def without_nul(batch: pa.RecordBatch, replaced: dict[str, int]) -> pa.RecordBatch:
    """Return the rows with U+2400 where a NUL stood, and count in `replaced` the texts that held one."""
    columns: Mapping[str, pa.Array] = {name: batch.column(name) for name in batch.schema.names}
    changed = {}
    for name, values in columns.items():
        if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
            continue
        count = pc.sum(pc.match_substring(values, NUL)).as_py() or 0
        if count:
            changed[name] = pc.replace_substring(values, NUL, NUL_SIGN)
            replaced[name] = replaced.get(name, 0) + count
    return pa.record_batch([changed.get(name, values) for name, values in columns.items()], batch.schema)
