"""Sessions with the serving database: a publisher's, alone and in its role, and an administrator's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from orchestration.postgres.address import place, resolve
from orchestration.postgres.connection import TimeLimit, connect, told
from orchestration.production_settings import Address, ServingSettings
from orchestration.publish.serving.schema import ServingError, require_schema

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

SETTING = "serving"
PUBLISHER = "stockplan_publisher"
# Held by whoever publishes, tidies or moves the pointer, until its session ends.
_PUBLISH_LOCK = 7_380_412_002
# A lock held by a session whose client died goes when the server notices that.
MOST_WAIT_SECONDS = 60.0


@contextmanager
def publisher(
    settings: ServingSettings, most_wait_seconds: float = MOST_WAIT_SECONDS
) -> Iterator[Connection[TupleRow]]:
    """Give a connection that commits each statement, unless it is told to make a transaction.

    Another publisher is waited for, `most_wait_seconds` at most.
    Raises `DatabaseError` for everything the database refuses inside, `ServingError` when the schema is
    missing or another one, or the login is no publisher.
    """
    with (
        opened(settings, SETTING, settings.connect_timeout_seconds) as connection,
        TimeLimit(connection).of(settings.deadline_seconds),
    ):
        _become_publisher(connection)
        require_schema(connection)
        limit = f"{round(most_wait_seconds * 1000)}ms"
        connection.execute("select set_config('lock_timeout', %s, false)", [limit])
        connection.execute("select pg_advisory_lock(%s)", [_PUBLISH_LOCK])
        connection.execute("select set_config('lock_timeout', '0', false)")
        yield connection


@contextmanager
def administrator(settings: ServingSettings, url_file: Path | None = None) -> Iterator[Connection[TupleRow]]:
    """Give a connection of whoever may make roles and schemas.

    Its address is that in `url_file`, or STOCKPLAN_ADMIN__URL of the environment, or the serving address.
    Raises `DatabaseError` for everything the database refuses inside.
    """
    told_url = os.environ.get("STOCKPLAN_ADMIN__URL")
    if url_file is not None:
        address, setting = Address(url_file=url_file), "admin"
    elif told_url:
        address, setting = Address(url=SecretStr(told_url)), "admin"
    else:
        address, setting = settings, SETTING
    with opened(address, setting, settings.connect_timeout_seconds) as connection:
        yield connection


@contextmanager
def opened(address: Address, setting: str, connect_timeout: float) -> Iterator[Connection[TupleRow]]:
    """Give a connection of the login that the address tells, in no role but its own."""
    url = resolve(address, setting)
    connection = connect(
        address,
        setting,
        application_name="stockplan serving",
        connect_timeout=connect_timeout,
        autocommit=True,
    )
    with connection, told(f"{place(url)} refused", url):
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
