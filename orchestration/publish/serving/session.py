"""Sessions with the serving database: a publisher's, alone and in its role, and an administrator's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from orchestration.postgres.address import place, resolve
from orchestration.postgres.connection import DatabaseAccessError, TimeLimit, connect, told
from orchestration.production_settings import Address, ServingSettings
from orchestration.publish.serving.schema import ServingError, require_schema

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

SETTING = "serving"
ADMIN_URL = "STOCKPLAN_ADMIN__URL"
PUBLISHER = "stockplan_publisher"
# Held by whoever publishes, tidies or moves the pointer, until its session ends.
_PUBLISH_LOCK = 7_380_412_002
# A lock held by a session whose client died goes when the server notices that.
MOST_WAIT_SECONDS = 60.0
_TO_PUBLISH = (
    "Correct the login or its password in the address of serving (special characters as %XX), or let it "
    "publish: stockplan db user NAME --role publisher"
)
_TO_ADMINISTER = (
    "No administrator's address was told, so the serving address was used: name a file with one as "
    f"--url-file, or set {ADMIN_URL}"
)


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
    if url_file is not None:
        address, setting = Address(url_file=url_file), "admin"
    elif told_url := os.environ.get(ADMIN_URL):
        address, setting = Address(url=SecretStr(told_url)), "admin"
    else:
        address, setting = settings, SETTING
    repair = _TO_ADMINISTER if setting == SETTING else "Correct the login or its password in that address"
    with opened(address, setting, settings.connect_timeout_seconds, repair) as connection:
        yield connection


def is_administrator_told(url_file: Path | None) -> bool:
    """Whether an address of the administrator's own is told; without one the serving address is used."""
    return url_file is not None or bool(os.environ.get(ADMIN_URL))


@contextmanager
def opened(
    address: Address, setting: str, connect_timeout: float, repair: str = _TO_PUBLISH
) -> Iterator[Connection[TupleRow]]:
    """Give a connection of the login that the address tells, in no role but its own.

    Raises `DatabaseError`; `repair` tells what to do where the login may not.
    """
    url = resolve(address, setting)
    try:
        connection = connect(
            address,
            setting,
            application_name="stockplan serving",
            connect_timeout=connect_timeout,
            autocommit=True,
        )
        with connection, told(f"{place(url)} refused", url):
            yield connection
    except DatabaseAccessError as error:
        raise DatabaseAccessError(f"{error}. {repair}", error.sqlstate) from None


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
