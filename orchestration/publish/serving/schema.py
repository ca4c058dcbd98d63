"""The database's schema: SQL files applied in the order of their names, and which of them a database has.

Every file may be applied again at any time: it creates what is missing and replaces what it defines. Files
open with their own `set local role`; each starts as the administrator who called `init`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from optimization.errors import StockplanError
from orchestration.crash_points import reach

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_FOLDER = Path(__file__).with_name("sql")
# Taken while the schema is made, so that two administrators cannot make it at once.
_INIT_LOCK = 7_380_412_001
# `create or replace trigger` came with it.
_OLDEST_SERVER = 14


class ServingError(StockplanError):
    """The serving database is not as publication needs it; the message says what is wrong and what to do."""


@cache
def schema_files() -> Mapping[str, str]:
    """Return the SQL files by name, in the order in which they are applied."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(_FOLDER.glob("*.sql"))}


def init(connection: Connection[TupleRow]) -> list[str]:
    """Make the schema, or bring it to this version; return the names of the files that were new or changed.

    `connection`: an administrator's, who may create roles and schemas. All or nothing: one transaction.
    Readers wait while it works: run it when nobody reads. Raises `ServingError` when the server is too old or
    the database's encoding cannot hold every text.
    """
    _require_server(connection)
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_INIT_LOCK])
        before = applied_files(connection)
        for text in schema_files().values():
            connection.execute(text.encode())
            connection.execute("reset role")
        # What a file says of every table holds for those that are there as well.
        connection.execute(
            "select serving.show_table(relname) from pg_class "
            "where relnamespace = to_regnamespace('store') and relkind = 'p' order by relname"
        )
        changed = [name for name, digest in _digests().items() if before.get(name) != digest]
        for name in changed:
            connection.execute(
                "insert into serving.schema_version (file_name, sha256) values (%s, %s) "
                "on conflict (file_name) do update set sha256 = excluded.sha256, applied_at = now()",
                [name, _digests()[name]],
            )
        reach("schema.applied")
    reach("schema.made")
    return changed


def _require_server(connection: Connection[TupleRow]) -> None:
    version = connection.info.server_version // 10_000
    if version < _OLDEST_SERVER:
        raise ServingError(f"the server is PostgreSQL {version}; releases need {_OLDEST_SERVER} or newer")
    (encoding,) = connection.execute("select current_setting('server_encoding')").fetchone() or ("",)
    if encoding != "UTF8":
        raise ServingError(
            f"the database's encoding is {encoding}, which cannot hold every text; create one with: "
            "create database … encoding 'UTF8' template template0"
        )


def applied_files(connection: Connection[TupleRow]) -> dict[str, str]:
    """Return the SHA-256 of every file as this database has it; empty before `init`."""
    found = connection.execute("select to_regclass('serving.schema_version')").fetchone()
    if found is None or found[0] is None:
        return {}
    return dict(connection.execute("select file_name, sha256 from serving.schema_version").fetchall())


def require_schema(connection: Connection[TupleRow]) -> None:
    """Raise `ServingError` when the database's schema is missing or of another version."""
    applied = applied_files(connection)
    if applied == _digests():
        return
    raise ServingError(
        "the serving database has no schema yet; make it with: stockplan db init"
        if not applied
        else "the serving database's schema is of another version; bring it up with: stockplan db init"
    )


@cache
def _digests() -> Mapping[str, str]:
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in schema_files().items()}
