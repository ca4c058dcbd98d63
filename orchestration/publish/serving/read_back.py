"""Rows read back: whether the database holds, value by value, what the ledger saw published.

Who owns the server can change a row, and nothing in the database would tell. The hash of the rows in the
ledger does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql

from optimization.errors import StockplanError
from orchestration.findings import Finding
from orchestration.lake.hashing import logical_hash
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow
from orchestration.postgres.rows import read_rows
from orchestration.publish.serving.catalogue import part_name, read_catalogue
from orchestration.publish.serving.loading import without_nul
from orchestration.publish.shelf import Release

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection
    from psycopg.rows import TupleRow

_BATCH_ROWS = 50_000


def read_back(
    connection: Connection[TupleRow], release: Release, ledger: Ledger, watch: Callable[[str], None]
) -> list[Finding]:
    """Return a finding per table of the release that the database holds otherwise, and one for the others.

    `watch` is told each table before it is read. Raises `StockplanError` when the login is held by the row
    security, or the ledger saw no such release.
    """
    _require_all_rows(connection)
    witnesses = _witnesses(release, ledger)
    parts = read_catalogue(connection).parts
    wrong, rows = [], 0
    for table in sorted(release.tables):
        watch(table)
        part = parts.get((table, release.release_id))
        if part is None:
            wrong.append(Finding("rows", False, f"{table} is not there", "stockplan serving"))
            continue
        held = _held(connection, release, table)
        # PostgreSQL holds no NUL: what it was given then is the file with a sign in its place.
        expected = _hash_with_signs(release, table) if part.replaced else witnesses.get(table)
        if held is None or _hash(held) != expected:
            wrong.append(_changed(release, table, None if held is None else held.num_rows))
        else:
            rows += held.num_rows
    found = f"{rows:,} rows of {len(release.tables) - len(wrong)} tables, as the ledger saw them"
    return [*wrong, Finding("rows", True, found)]


def _require_all_rows(connection: Connection[TupleRow]) -> None:
    row = connection.execute(
        "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
    ).fetchone()
    if row is None or not row[0]:
        raise StockplanError(
            "only an administrator whom no row security holds can read every row back: name the address of a "
            "superuser, or of a login with bypassrls, as --url-file or STOCKPLAN_ADMIN__URL"
        )


def _witnesses(release: Release, ledger: Ledger) -> dict[str, str]:
    for event in ledger.events("release"):
        if event.event_type == "published" and event.subject == release.release_id:
            return dict(event.payload["table_hashes"])
    raise StockplanError(
        f"the ledger saw no publication of {release.release_id}: finish what was interrupted with stockplan "
        "repair, or look into it with stockplan audit verify"
    )


def _held(connection: Connection[TupleRow], release: Release, table: str) -> pa.Table | None:
    """What the database holds of a table; None when it is not even of the table's types."""
    # Columns by the file: the store's table has those of later releases too.
    schema = pq.read_schema(release.tables[table])
    query = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, schema.names)),
        sql.Identifier("store", part_name(table, release.release_id)),
    )
    try:
        return read_rows(connection, query, (), pa.schema(map(_plain, schema)), _BATCH_ROWS)
    except pa.ArrowInvalid:
        return None


def _plain(field: pa.Field) -> pa.Field:
    """Every whole number as PostgreSQL holds it: one that the file's type has no room for is told."""
    return pa.field(field.name, pa.int64() if pa.types.is_integer(field.type) else field.type)


def _hash(table: pa.Table) -> str:
    return logical_hash(table, exclude=["release_id"])


def _hash_with_signs(release: Release, table: str) -> str:
    batches = read_arrow(release.tables[table]).to_batches()
    return _hash(pa.Table.from_batches([without_nul(one, {}) for one in batches]))


def _changed(release: Release, table: str, rows: int | None) -> Finding:
    told = "values of other types" if rows is None else f"{rows:,} rows"
    part = part_name(table, release.release_id)
    return Finding(
        "rows",
        False,
        f"{table} was changed after its publication: its {told} are not the {release.rows[table]:,} rows "
        "that the ledger saw",
        f'find out who did it; then, as the administrator: drop table store."{part}", and stockplan serving',
    )
