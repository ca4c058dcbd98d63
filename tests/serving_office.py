"""A small lake beside a serving database: what tests publish into it and read back from it as BI does."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
import pyarrow as pa
from psycopg import sql

from orchestration.lake.ledger import Ledger
from orchestration.lake.paths import Lake
from orchestration.publish.candidate import build_candidate
from orchestration.publish.release import PublishOutcome, publish
from orchestration.publish.serving.publishing import ServingOutcome, publish_release
from orchestration.publish.serving.schema import init
from orchestration.publish.shelf import Release, release_named
from orchestration.settings import Settings
from tests.servers import PostgresServer

DAY = date(2024, 1, 31)
NEXT_DAY = date(2024, 2, 1)
PUBLISHER = "pipeline_login"


@dataclass
class ServingOffice:
    """One lake, one database with the schema, and a login that is a publisher."""

    lake: Lake
    settings: Settings
    server: PostgresServer
    database: str

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.lake.ledger_file)

    def with_serving(self, **changes: object) -> Settings:
        """The settings with other ones of serving."""
        return self.settings.model_copy(update={"serving": self.settings.serving.model_copy(update=changes)})

    def release(self, tables: dict[str, pa.Table], as_of: date = DAY) -> PublishOutcome:
        """Publish tables to the files alone."""
        candidate = build_candidate(self.lake, as_of, {}, tables)
        return publish(candidate, {}, None, self.lake, self.ledger, self.settings, actor="test")

    def serve(self, release: Release | None = None) -> ServingOutcome:
        """Bring a release, the current one unless told, into the database."""
        return publish_release(
            release or release_named(self.lake, None), self.lake, self.ledger, self.settings
        )

    def publish(self, tables: dict[str, pa.Table], as_of: date = DAY) -> tuple[Release, ServingOutcome]:
        """Publish tables to the files and to the database."""
        release = self.release(tables, as_of).release
        return release, self.serve(release)

    def connect(self) -> psycopg.Connection:
        """A connection of the superuser, who may see every region here."""
        return self.server.connect(self.database)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def shown(self) -> str:
        """The release that readers see."""
        return str(self.rows("select release_id from published.release")[0][0])


@contextmanager
def open_office(root: Path, server: PostgresServer) -> Iterator[ServingOffice]:
    """Give a fresh lake under `root` and a fresh database of `server`."""
    database = server.create_database()
    try:
        with server.connect(database) as connection:
            init(connection)
            word = _login(connection)
            connection.execute("insert into serving.reader_region (login, region) values ('postgres', '*')")
        settings = Settings(
            home=root,
            serving={"url": server.url(PUBLISHER, word, database), "retry_budget_seconds": 5},  # type: ignore[arg-type]
        )
        yield ServingOffice(Lake(root), settings, server, database)
    finally:
        server.drop_database(database)


def _login(connection: psycopg.Connection) -> str:
    """Give the server's one publisher a password of its own test, and return it."""
    word = secrets.token_urlsafe(12)
    name = sql.Identifier(PUBLISHER)
    found = connection.execute("select 1 from pg_roles where rolname = %s", [PUBLISHER]).fetchone()
    verb = sql.SQL("alter" if found else "create")
    connection.execute(sql.SQL("{} role {} login password {}").format(verb, name, sql.Literal(word)))
    connection.execute(sql.SQL("grant stockplan_publisher to {}").format(name))
    return word
