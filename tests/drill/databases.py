"""The serving database of a drill: cloned from one that has the schema, read and judged from outside."""

from __future__ import annotations

import math
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import IsolationLevel, sql

from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.serving.audit import compare_audit
from orchestration.publish.serving.checking import check_database
from orchestration.publish.serving.schema import init
from orchestration.publish.shelf import Release, pointed_id, release_named
from tests.drill.miniature import TABLES
from tests.servers import PostgresServer

_PUBLISHER, _READER = "drill_publisher", "drill_reader"
_UNION = " union all ".join(
    f"select '{name}', release_id, count(*) from published.{name} group by release_id" for name in TABLES
)


@dataclass(frozen=True)
class Database:
    """One serving database: how the pipeline reaches it, and how somebody reads it."""

    name: str
    publisher: str
    reader: str
    administrator: str


class Databases:
    """A server of its own and databases on it; use it as a context."""

    def __enter__(self) -> Self:
        self._server = PostgresServer().__enter__()
        self._words = {name: secrets.token_urlsafe(12) for name in (_PUBLISHER, _READER)}
        self._base = self._server.create_database()
        with self.connect(self._base) as connection:
            init(connection)
            for name, group in ((_PUBLISHER, "stockplan_publisher"), (_READER, "stockplan_reader")):
                connection.execute(
                    sql.SQL("create role {0} login password {1} in role {2}").format(
                        sql.Identifier(name), sql.Literal(self._words[name]), sql.Identifier(group)
                    )
                )
            for login in (_READER, "postgres"):
                connection.execute(
                    "insert into serving.reader_region (login, region) values (%s, '*')", [login]
                )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    def stop(self) -> None:
        """Stop the server; nobody reaches any database."""
        self._server.stop()

    def start(self) -> None:
        """Start it again."""
        self._server.start()

    def connect(self, name: str) -> psycopg.Connection[Any]:
        """A connection of the superuser, who sees everything."""
        return self._server.connect(name)

    def clone(self, of: Database | None = None) -> Database:
        """A new database with what another has; with the schema alone when none is told."""
        name = f"drill_{secrets.token_hex(6)}"
        base = of.name if of else self._base
        with self.connect("postgres") as connection:
            # Nobody may be in the one that is cloned; sessions of killed processes end by themselves.
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [base]
            )
            connection.execute(
                sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(base))
            )
        with self.connect(name) as connection:
            # Rights on a database itself are not cloned with it.
            init(connection)
        return self._named(name)

    def empty(self) -> Database:
        """A new database without the schema."""
        return self._named(self._server.create_database())

    def drop(self, database: Database) -> None:
        """Remove a database, whoever is still in it."""
        self._server.drop_database(database.name)

    def after_a_death(self, database: Database, home: Path, pointers: Collection[str]) -> list[str]:
        """Faults of the database right after something died: readers see a whole release, old or new."""
        with self.connect(database.name) as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            with connection.transaction():
                pointer = _pointer(connection)
                held = _read(connection) if pointer else []
        if pointer not in {*pointers, ""}:
            return [f"I1 readers of the database see {pointer!r}, not one of {sorted(pointers)}"]
        if not pointer:
            return []
        wanted = {name: rows for name, rows in release_named(Lake(home), pointer).rows.items() if rows}
        found = {table: rows for table, release_id, rows in held if release_id == pointer}
        if found != wanted or any(release_id != pointer for _, release_id, _ in held):
            return [f"I1 the database shows {held}, the release {pointer} has {wanted}"]
        return []

    def when_done(self, database: Database, home: Path) -> list[str]:
        """Faults of the database after the run that follows went through: it is as the files are."""
        lake = Lake(home)
        with self.connect(database.name) as connection:
            findings = [one for one in check_database(connection, lake) if not one.is_ok]
            faults = [f"I4 database, {one.subject}: {one.found}" for one in findings]
            audit = compare_audit(connection, Ledger(lake.ledger_file))
            faults += [f"I3 database: {fault}" for fault in audit.faults]
            if audit.n_missing:
                faults.append(f"I3 the database lacks {audit.n_missing} events of the ledger")
            if _pointer(connection) != pointed_id(lake):
                faults.append(f"I4 readers see {_pointer(connection)!r}, CURRENT names {pointed_id(lake)!r}")
            else:
                faults += _content_faults(connection, release_named(lake, None))
            stuck = connection.execute(
                "select count(*) from pg_stat_activity where datname = %s and state like 'idle in%%' "
                "and usename = %s",
                [database.name, _PUBLISHER],
            ).fetchone()
        return faults + (["I5 a transaction was left open"] if stuck and stuck[0] else [])

    def _named(self, name: str) -> Database:
        return Database(
            name, self._url(_PUBLISHER, name), self._url(_READER, name), self._server.url(database=name)
        )

    def _url(self, login: str, name: str) -> str:
        return self._server.url(login, self._words[login], name)


def read_once(connection: psycopg.Connection[Any]) -> dict[str, str] | None:
    """Read every published table in one transaction as BI does; None before the first publication."""
    try:
        with connection.transaction():
            shown = connection.execute("select release_id from published.release").fetchall()
            held = _read(connection) if shown else []
    except psycopg.errors.UndefinedTable:
        return None
    if not shown:
        return None
    of_tables: dict[str, str] = {"release": shown[0][0]}
    for table, release_id, _ in held:
        of_tables[table] = f"{of_tables[table]}+{release_id}" if table in of_tables else release_id
    return of_tables


def _read(connection: psycopg.Connection[Any]) -> Sequence[tuple[str, str, int]]:
    return connection.execute(_UNION.encode()).fetchall()


def _pointer(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("select release_id from serving.pointer").fetchone()
    return str(row[0]) if row else ""


def _content_faults(connection: psycopg.Connection[Any], release: Release) -> list[str]:
    """Every row of every table, as readers get it, is the row of the file."""
    faults = []
    for name, file in release.tables.items():
        table = read_arrow(file)
        columns = sql.SQL(", ").join(map(sql.Identifier, table.column_names))
        query = sql.SQL("select {} from published.{}").format(columns, sql.Identifier(name))
        found = sorted(map(_plain, connection.execute(query).fetchall()))
        wanted = sorted(_plain(tuple(row.values())) for row in table.to_pylist())
        if found != wanted:
            faults.append(
                f"I2 {name} of {release.release_id} has other rows in the database than in the files"
            )
    return faults


def _plain(row: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple("nan" if isinstance(value, float) and math.isnan(value) else repr(value) for value in row)
