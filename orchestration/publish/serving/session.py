"""A publisher's session: connected, in the publisher's role, on a schema of this version, and alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestration.postgres.address import place, resolve
from orchestration.postgres.connection import connect, told
from orchestration.publish.serving.schema import ServingError, applied_files, require_schema

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from orchestration.production_settings import ServingSettings

SETTING = "serving"
PUBLISHER = "stockplan_publisher"
# Held by whoever publishes, tidies or moves the pointer, until its session ends.
_PUBLISH_LOCK = 7_380_412_002
# A lock held by a session whose client died goes when the server notices that.
_MOST_WAIT_SECONDS = 60


@contextmanager
def publisher(settings: ServingSettings) -> Iterator[Connection[TupleRow]]:
    """Give a connection that commits each statement, unless it is told to make a transaction.

    Raises `DatabaseError` for everything the database refuses inside, `ServingError` when the schema is
    missing or another one, or the login is no publisher.
    """
    with opened(settings) as connection:
        _become_publisher(connection)
        require_schema(connection)
        connection.execute("select set_config('lock_timeout', %s, false)", [f"{_MOST_WAIT_SECONDS}s"])
        connection.execute("select pg_advisory_lock(%s)", [_PUBLISH_LOCK])
        connection.execute("select set_config('lock_timeout', '0', false)")
        yield connection


@contextmanager
def opened(settings: ServingSettings) -> Iterator[Connection[TupleRow]]:
    """Give a connection of the login that the settings tell, in no role but its own."""
    where = place(resolve(settings, SETTING))
    connection = connect(
        settings,
        SETTING,
        application_name="stockplan serving",
        connect_timeout=settings.connect_timeout_seconds,
        autocommit=True,
    )
    with connection, told(f"{where} refused", resolve(settings, SETTING)):
        yield connection


def _become_publisher(connection: Connection[TupleRow]) -> None:
    is_made = connection.execute("select 1 from pg_roles where rolname = %s", [PUBLISHER]).fetchone()
    if is_made is None:
        raise ServingError("the serving database has no schema yet; make it with: stockplan db init")
    row = connection.execute("select pg_has_role(%s, 'member')", [PUBLISHER]).fetchone()
    if row is None or not row[0]:
        raise ServingError(
            "the login of the serving address is no publisher; make it one with: "
            "stockplan db user NAME --role publisher"
        )
    connection.execute("set role stockplan_publisher")


def is_initialised(connection: Connection[TupleRow]) -> bool:
    """Whether `init` was ever run on this database."""
    return bool(applied_files(connection))
