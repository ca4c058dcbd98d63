"""Snapshots from the IMS's own PostgreSQL: one read-only transaction that sees one moment.

State tables are read whole, dated ones the rows of the business date; event tables what became known
since the last snapshot, by their `loaded_at`. A transaction that breaks off leaves nothing: the whole
snapshot is read again from its beginning, while the budget lasts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.rows import TupleRow

from orchestration.contracts.raw import RAW_BY_NAME, RawTable
from orchestration.ims.connector import (
    Origin,
    Snapshot,
    SnapshotMissingError,
    SourceSettingsError,
    short_hash,
)
from orchestration.ims.files import constant_column, translate
from orchestration.ims.postgres.catalogue import SourceColumn, columns_of, read_columns
from orchestration.ims.postgres.failures import source_error
from orchestration.ims.postgres.mapping import newest_only, read_database_mapping
from orchestration.ims.postgres.reading import (
    Query,
    event_condition,
    read_text,
    state_condition,
    table_query,
)
from orchestration.postgres.address import AddressError
from orchestration.postgres.connection import DatabaseError, TimeLimit, connect, retrying, told
from orchestration.production_settings import PostgresSourceSettings

SETTING = "source.postgres"
# Beyond its own time limit, a server that still lives has ended the statement itself.
_GRACE_SECONDS = 5.0
# Who is not patient wants to know within a minute.
_IMPATIENT_SECONDS = 60
_CANCELLED = "57014"
_OLDEST, _NEWEST = date(1900, 1, 1), date(9999, 12, 31)
_T = TypeVar("_T")


@dataclass(frozen=True)
class _Session:
    """An open transaction at the source, and what cuts it when the source falls silent."""

    connection: psycopg.Connection[TupleRow]
    limit: TimeLimit


class PostgresConnector:
    """Snapshots from a database that a mapping describes."""

    name = "postgres"

    def __init__(
        self, settings: PostgresSourceSettings, mapping: Path | None, *, is_patient: bool = True
    ) -> None:
        """Read the mapping. A connector that is not patient asks a source that is down only once.

        Raises `SourceSettingsError` when the mapping needs repair.
        """
        self._settings = settings
        self._mapping = read_database_mapping(mapping)
        self._deadline_seconds = settings.deadline_seconds if is_patient else _IMPATIENT_SECONDS
        self._budget_seconds = min(settings.retry_budget_seconds, self._deadline_seconds) if is_patient else 0

    def business_dates(self) -> Sequence[date]:
        """Return the dates that the source calls complete and can still tell, ascending."""
        return self._asked(self._dates)

    def fingerprint(self, as_of: date) -> str:
        """Return what stands for the source's own record of the date: no row of the tables is looked at."""
        dates = self._mapping.business_dates
        told_by = sql.Identifier(dates.changed_at) if dates.changed_at else sql.SQL("null")
        query = sql.SQL(
            "select {}::pg_catalog.text from {} where {} = %s::pg_catalog.date order by 1"
        ).format(told_by, sql.Identifier(*self._mapping.dates_relation), sql.Identifier(dates.column))

        def ask(session: _Session) -> str:
            rows = session.connection.execute(query, (as_of,)).fetchall()
            return short_hash(self.name, as_of, rows)

        return self._asked(ask)

    def extract(self, as_of: date, since: date | None) -> Snapshot:
        """Return the snapshot of `as_of`; see `Connector.extract`."""
        return self._asked(lambda session: self._snapshot(session, as_of, since))

    def check(self) -> int:
        """Look whether every table and column of the mapping is there; return how many tables are.

        Raises `SourceError` naming the first that is not.
        """

        def look(session: _Session) -> int:
            return len([name for name, _ in self._queries(session, _OLDEST, None)])

        return self._asked(look)

    def _asked(self, ask: Callable[[_Session], _T]) -> _T:
        """Ask in a transaction of its own; again from the beginning while it fails in passing."""
        end = time.monotonic() + self._deadline_seconds

        def once() -> _T:
            with self._transaction(end) as session:
                return ask(session)

        try:
            return retrying(self._budget_seconds)(once)
        except AddressError as error:
            raise SourceSettingsError(str(error)) from None
        except DatabaseError as error:
            raise source_error(error, self._budget_seconds) from None

    @contextmanager
    def _transaction(self, end: float) -> Iterator[_Session]:
        """Yield a read-only transaction that sees one moment and is over at `end` at the latest."""
        settings = self._settings
        connection = connect(
            settings,
            SETTING,
            application_name="stockplan source",
            connect_timeout=settings.connect_timeout_seconds,
            statement_timeout=settings.statement_timeout_seconds,
            lock_timeout=settings.statement_timeout_seconds,
            read_only=True,
        )
        limit = TimeLimit(connection)
        with connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            with _told("the source cannot be read", limit, end - time.monotonic()):
                # A policy that hides rows from us must fail, and not leave a part of the table.
                connection.execute("set local row_security = off")
                yield _Session(connection, limit)

    def _dates(self, session: _Session) -> list[date]:
        dates = self._mapping.business_dates
        column = sql.Identifier(dates.column)
        # Infinite dates, and those no calendar of ours knows, are none.
        query = sql.SQL(
            "select distinct {}::pg_catalog.date from {} where {} between %s and %s order by 1"
        ).format(column, sql.Identifier(*self._mapping.dates_relation), column)
        rows = session.connection.execute(query, (_OLDEST, _NEWEST)).fetchall()
        return newest_only([row[0] for row in rows], self._mapping)

    def _snapshot(self, session: _Session, as_of: date, since: date | None) -> Snapshot:
        dates = self._dates(session)
        if as_of not in dates:
            known = ", ".join(map(str, dates[-3:])) or "none"
            raise SnapshotMissingError(
                f"the source does not offer {as_of}; it offers {known}. A source that does not keep history "
                "(keeps_history in the mapping) offers its newest date alone"
            )
        tables: dict[str, pa.Table] = {}
        origins: dict[tuple[str, str], Origin] = {}
        for name, (columns, query) in self._queries(session, as_of, since):
            relation = ".".join(self._mapping.relation(name))
            patience = self._settings.statement_timeout_seconds + _GRACE_SECONDS
            with _told(f"{relation} at the source cannot be read", session.limit, patience):
                rows = read_text(session.connection, query, tuple(columns), self._settings.batch_rows)
            tables[name] = self._ours(RAW_BY_NAME[name], rows)
            origins[name, "*"] = "recorded"
            origins.update({(name, column): "default" for column in self._mapping.tables[name].constants})
        return Snapshot(as_of, self.name, tables, origins, since)

    def _queries(
        self, session: _Session, as_of: date, since: date | None
    ) -> Iterator[tuple[str, tuple[Mapping[str, SourceColumn], Query]]]:
        """Yield for every mapped table its columns (ours: theirs) and its query; missing ones raise."""
        mapping = self._mapping
        found = read_columns(session.connection, map(mapping.relation, mapping.tables))
        for name, table in mapping.tables.items():
            contract = RAW_BY_NAME[name]
            demanded = [*table.columns.values(), *([table.as_of_column] if table.as_of_column else [])]
            entry = f"tables.{name}"
            there = columns_of(found, mapping.relation(name), demanded, entry)
            columns = {
                column: there[theirs]
                for column in contract.column_names
                if (theirs := table.columns.get(column, column)) in there and column not in table.constants
            }
            if not columns:
                raise SourceSettingsError(f"{entry}.columns: no column of {name} is named; name its columns")
            condition = None
            if table.as_of_column:
                condition = state_condition(
                    there[table.as_of_column], as_of, mapping.timezone, f"{entry}.as_of_column"
                )
            elif contract.role == "event" and "loaded_at" in columns:
                condition = event_condition(
                    columns["loaded_at"],
                    as_of,
                    since,
                    mapping.late_days,
                    mapping.timezone,
                    f"{entry}.columns.loaded_at",
                )
            kinds = {column.name: column.kind for column in contract.columns}
            wanted = {column: (theirs, kinds[column]) for column, theirs in columns.items()}
            yield name, (columns, table_query(mapping.relation(name), wanted, condition, mapping.timezone))

    def _ours(self, contract: RawTable, rows: pa.Table) -> pa.Table:
        """Return the rows with the source's words translated and what is the same in every row."""
        table = self._mapping.tables[contract.source_name]
        columns: dict[str, pa.ChunkedArray] = {}
        for column in contract.columns:
            if column.name in rows.column_names:
                values = rows.column(column.name)
                columns[column.name] = translate(values, column, table, self._mapping.dialect)
            elif column.name in table.constants:
                columns[column.name] = constant_column(table.constants[column.name], rows.num_rows)
        return pa.table(columns)


@contextmanager
def _told(what: str, limit: TimeLimit, seconds: float) -> Iterator[None]:
    """Tell what fails inside, and cut the connection after so many seconds."""
    try:
        with told(what), limit.of(seconds):
            yield
    except DatabaseError as error:
        if not limit.is_over or error.sqlstate == _CANCELLED:
            raise
        raise DatabaseError(
            f"{what}: it took longer than source.postgres.statement_timeout_seconds for a table, or "
            "source.postgres.deadline_seconds for all",
            _CANCELLED,
        ) from error
