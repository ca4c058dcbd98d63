"""An IMS in PostgreSQL for tests: the rows of `tests.factories`, and the mapping that describes it.

The schema is `ims`. State tables keep their days apart in `snapshot_day`; event tables hold every
version of a row that was ever known. `cutting_proxy` is a line to the server that breaks.
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import yaml
from psycopg import sql

from optimization.contracts.column import Kind
from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.postgres import PostgresConnector
from orchestration.production_settings import PostgresSourceSettings
from tests.factories import small_snapshot
from tests.servers import PostgresServer

TYPES: dict[Kind, str] = {
    "text": "text",
    "integer": "bigint",
    "number": "double precision",
    "flag": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
}
DAY_COLUMN = "snapshot_day"


@dataclass
class ImsDatabase:
    """A database with a schema `ims` and a login `ims_reader…` that may read it."""

    server: PostgresServer
    database: str
    folder: Path
    login: str = ""
    password: str = ""
    content: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Create schema, login and an empty table of business dates, and the mapping of just these."""
        self.login = f"ims_reader_{self.database}"
        self.password = self.server.create_login(self.login)
        self.run(
            "create schema ims",
            "create table ims.closing (business_date date primary key, closed_at timestamptz)",
            sql.SQL("grant usage on schema ims to {}").format(sql.Identifier(self.login)),
            sql.SQL("alter default privileges in schema ims grant select on tables to {}").format(
                sql.Identifier(self.login)
            ),
            sql.SQL("grant select on ims.closing to {}").format(sql.Identifier(self.login)),
        )
        self.content = {
            "schema": "ims",
            "business_dates": {"table": "closing", "column": "business_date", "changed_at": "closed_at"},
            "keeps_history": True,
            "tables": {},
        }

    def run(self, *statements: str | sql.Composable) -> None:
        """Run statements as the owner, each in its own transaction."""
        with self.server.connect(self.database) as connection:
            for statement in statements:
                connection.execute(statement if isinstance(statement, sql.Composable) else sql.SQL(statement))

    def close_day(self, *days: date) -> None:
        """Say that business dates are complete."""
        for day in days:
            self.run(f"insert into ims.closing values ('{day}', '{day} 23:30+00')")

    def fill(self, days: Sequence[date]) -> None:
        """Bring the whole small source of these days, its events as they became known."""
        whole = [small_snapshot(day).tables for day in days]
        for name, contract in RAW_BY_NAME.items():
            if contract.role == "event":
                later = [small_snapshot(day, since).tables[name] for since, day in pairwise(days)]
                self.add(name, pa.concat_tables([whole[0][name], *later]))
                continue
            parts = [
                tables[name].append_column(DAY_COLUMN, pa.repeat(pa.scalar(day), tables[name].num_rows))
                for day, tables in zip(days, whole, strict=True)
            ]
            self.add(name, pa.concat_tables(parts))
            self.content["tables"][name]["as_of_column"] = DAY_COLUMN
        self.close_day(*days)

    def add(self, name: str, rows: pa.Table, types: Mapping[str, str] | None = None) -> None:
        """Create one of our tables under its own name and copy `rows` into it."""
        kinds = {column.name: TYPES[column.kind] for column in RAW_BY_NAME[name].columns}
        types = {DAY_COLUMN: "date", **kinds, **(types or {})}
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(one), sql.SQL(types[one])) for one in rows.column_names
        )
        text = io.BytesIO()
        pacsv.write_csv(rows, text, pacsv.WriteOptions(include_header=False))
        with self.server.connect(self.database) as connection:
            connection.execute(sql.SQL("create table {} ({})").format(sql.Identifier("ims", name), columns))
            copy = sql.SQL("copy {} from stdin (format csv)").format(sql.Identifier("ims", name))
            with connection.cursor() as cursor, cursor.copy(copy) as stream:
                stream.write(text.getvalue())
        self.content["tables"][name] = {"table": name}

    def settings(self, **changes: Any) -> PostgresSourceSettings:
        """How the login reaches the database; patience is short, for tests."""
        told = {
            "url": self.server.url(self.login, self.password, self.database),
            "connect_timeout_seconds": 2,
            "retry_budget_seconds": 0,
            **changes,
        }
        return PostgresSourceSettings(**told)

    @property
    def mapping(self) -> Path:
        """The mapping file, written as `content` is now."""
        path = self.folder / "mapping.yaml"
        path.write_text(yaml.safe_dump(self.content, allow_unicode=True), encoding="utf-8")
        return path

    def connector(self, **changes: Any) -> PostgresConnector:
        """A connector to it."""
        return PostgresConnector(self.settings(**changes), self.mapping)


def fill_inbox(inbox: Path, days: Sequence[date]) -> None:
    """Deliver the same small source to the files connector, a folder of Parquet files per day."""
    for number, day in enumerate(days):
        folder = inbox / day.isoformat()
        folder.mkdir(parents=True)
        for name, rows in small_snapshot(day, days[number - 1] if number else None).tables.items():
            pq.write_table(rows, folder / f"{name}.parquet")


@contextmanager
def cutting_proxy(port: int, cut_after: int | None, cuts: int = 1) -> Iterator[_Proxy]:
    """Yield a line to a server on this machine that breaks after so many bytes of its answers.

    The first `cuts` connections break, later ones do not; `cut_after` None breaks none.
    """
    proxy = _Proxy(port, cut_after, cuts)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(proxy.open(), loop).result(10)
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(proxy.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class _Proxy:
    def __init__(self, target: int, cut_after: int | None, cuts: int) -> None:
        self.target, self.cut_after, self.cuts_left = target, cut_after, cuts
        self.port = 0
        self.connections = 0
        # Bytes of answers that went through, of the last connection.
        self.passed = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.target)
        self.connections, self.passed = self.connections + 1, 0
        limit = self.cut_after if self.cuts_left > 0 else None
        self.cuts_left -= 1
        pumps = [
            asyncio.ensure_future(self._forward(client, writer)),
            asyncio.ensure_future(self._answer(reader, answer, limit)),
        ]
        self._tasks.update(pumps)
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for one in (writer, answer):
            one.close()

    async def _forward(self, client: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await client.read(65536):
                server.write(data)
                await server.drain()

    async def _answer(
        self, server: asyncio.StreamReader, client: asyncio.StreamWriter, limit: int | None
    ) -> None:
        with suppress(OSError):
            while data := await server.read(65536):
                if limit is not None:
                    data = data[: limit - self.passed]
                self.passed += len(data)
                client.write(data)
                await client.drain()
                if limit is not None and self.passed >= limit:
                    return
