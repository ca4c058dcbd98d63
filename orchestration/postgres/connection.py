"""Connections to PostgreSQL with limits on everything, errors in our words, and when to try again.

Nothing waits for ever: connecting, a statement and a lock have time limits of the server's, and
`TimeLimit` cuts a connection to a server that no longer answers at all.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import tenacity
from psycopg.rows import TupleRow
from pydantic import SecretStr

from optimization.errors import StockplanError
from orchestration.postgres.address import place, redact, resolve
from orchestration.production_settings import Address

_LOGGER = logging.getLogger(__name__)

# SQLSTATE classes and codes that pass by themselves: connection lost, serialisation and deadlock, too
# many connections, lock not granted in time, server shutting down or starting.
_PASSING_CLASSES = ("08", "40")
_PASSING_CODES = ("53300", "55P03", "57P01", "57P02", "57P03")
# Who asks is not let in, or not allowed what was asked. A refused connection has no SQLSTATE, only words.
_ACCESS_CLASS, _ACCESS_CODE = "28", "42501"
_ACCESS_WORDS = (
    "authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "permission denied",
    "is not permitted to log in",
)
# These answers, too, stay the same however often one asks.
_FINAL_WORDS = (
    *_ACCESS_WORDS,
    "does not exist",
    "certificate",
    "server does not support SSL",
    "invalid",
)
_LONGEST_PAUSE_SECONDS = 30.0


class DatabaseError(StockplanError):
    """The database refused, failed or could not be reached.

    `sqlstate` is PostgreSQL's code, None when there was no answer. `is_passing`: the same may succeed
    when it is tried again.
    """

    def __init__(self, message: str, sqlstate: str | None = None, *, is_passing: bool = False) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.is_passing = is_passing


class DatabaseAccessError(DatabaseError):
    """The database does not let the login in, or does not let it do what was asked."""


def connect(
    address: Address,
    setting: str,
    *,
    application_name: str,
    connect_timeout: float,
    statement_timeout: float = 0,
    lock_timeout: float = 0,
    read_only: bool = False,
    autocommit: bool = False,
) -> psycopg.Connection[TupleRow]:
    """Connect to the database that the section `setting` of the settings tells.

    Times in seconds, 0 for no limit. The session is in UTC, speaks UTF-8 and writes dates as ISO.
    Raises `AddressError` when the address is not told or is none, `DatabaseError` when the database cannot
    be reached or refuses.
    """
    url = resolve(address, setting)
    with told(f"{place(url)} cannot be used", url):
        connection = psycopg.connect(
            url.get_secret_value(),
            autocommit=True,
            # Pools in front of a server do not know statements that a session has prepared.
            prepare_threshold=None,
            application_name=application_name,
            connect_timeout=max(2, round(connect_timeout)),
            client_encoding="utf8",
            keepalives=1,
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
            tcp_user_timeout=60_000,
        )
        try:
            connection.execute(
                """select set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, YMD', false),
                       set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false),
                       set_config('idle_in_transaction_session_timeout', '1h', false)""",
                (f"{round(statement_timeout * 1000)}ms", f"{round(lock_timeout * 1000)}ms"),
            )
            connection.read_only = read_only
            connection.autocommit = autocommit
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def told(what: str, url: SecretStr | None = None) -> Iterator[None]:
    """Raise what psycopg raises inside as `DatabaseError`: `what` failed, and why, without an address."""
    try:
        yield
    except psycopg.Error as error:
        reason = redact(_reason(error), url)
        # The cause is left out: psycopg's own may repeat what it was given.
        kind = DatabaseAccessError if _is_access(error) else DatabaseError
        raise kind(f"{what}: {reason}", error.sqlstate, is_passing=is_passing(error)) from None


def is_passing(error: psycopg.Error) -> bool:
    """Whether the same may succeed when it is tried again."""
    if not isinstance(error, psycopg.OperationalError):
        return False
    if error.sqlstate is not None:
        return error.sqlstate[:2] in _PASSING_CLASSES or error.sqlstate in _PASSING_CODES
    text = str(error)
    return not any(word in text for word in _FINAL_WORDS)


def _is_access(error: psycopg.Error) -> bool:
    if error.sqlstate is not None:
        return error.sqlstate[:2] == _ACCESS_CLASS or error.sqlstate == _ACCESS_CODE
    return isinstance(error, psycopg.OperationalError) and any(word in str(error) for word in _ACCESS_WORDS)


def retrying(budget_seconds: float) -> tenacity.Retrying:
    """Return the policy of trying again while a `DatabaseError` is passing and the budget lasts.

    Pauses grow and are random, so that many who wait do not come back at once. The last error is
    raised as it was; a budget of 0 tries once.

    >>> retrying(60)(lambda: "done")
    'done'
    """
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(
            lambda error: isinstance(error, DatabaseError) and error.is_passing
        ),
        stop=tenacity.stop_before_delay(budget_seconds),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=_LONGEST_PAUSE_SECONDS),
        before_sleep=_tell,
        reraise=True,
    )


def _tell(state: tenacity.RetryCallState) -> None:
    """Tell that it is tried again, and why: not by the name of the function, which says nobody anything."""
    error = state.outcome.exception() if state.outcome is not None else None
    _LOGGER.warning("Trying again in %.1f seconds: %s", state.upcoming_sleep, error)


class TimeLimit:
    """Cuts a connection after a time, for a server that has stopped answering.

    The server's own limits cannot help when the server hangs or the line is dead: the client would
    wait for the next byte for ever.
    """

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection
        self.is_over = False

    @contextmanager
    def of(self, seconds: float) -> Iterator[None]:
        """Cut the connection if the block takes longer; what waits for it then fails."""
        timer = threading.Timer(max(seconds, 0.0), self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            # One that is cutting just now is let finish, before the descriptor becomes another's.
            timer.join()

    def _cut(self) -> None:
        self.is_over = True
        try:
            # A copy of the descriptor: the connection's own stays libpq's to close.
            with socket.socket(fileno=os.dup(self._connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)
        except (OSError, psycopg.Error):
            return


def _reason(error: psycopg.Error) -> str:
    """PostgreSQL's own words on one line, with its detail and hint."""
    told = error.diag
    if told.message_primary:
        parts = [told.message_primary, told.message_detail, told.message_hint]
        return ". ".join(part.rstrip(".") for part in parts if part)
    return " ".join(str(error).split()) or type(error).__name__
