"""Addresses that are kept secret, errors that pass and errors that stay, and the budget of trying again."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from pydantic import SecretStr

from orchestration.outcomes import Code, code_of
from orchestration.postgres.address import AddressError, place, redact, resolve
from orchestration.postgres.connection import DatabaseError, TimeLimit, connect, is_passing, retrying, told
from orchestration.production_settings import Address, ServingSettings
from tests.servers import PostgresServer

URL = "postgresql://ann:CANARY@db.example:5433/ims"


def test_an_address_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "address"
    file.write_text(f"\n{URL}\n")
    file.chmod(0o600)
    assert resolve(Address(url=URL), "serving").get_secret_value() == URL
    assert resolve(Address(url_file=file), "serving").get_secret_value() == URL
    # The environment is nearer to the process than the file.
    both = Address(url="postgresql://elsewhere", url_file=file)
    assert resolve(both, "serving").get_secret_value() == "postgresql://elsewhere"


@pytest.mark.parametrize(
    ("mode", "is_allowed"), [(0o400, True), (0o640, True), (0o604, False), (0o660, False)]
)
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int, is_allowed: bool) -> None:
    file = tmp_path / "address"
    file.write_text(URL)
    file.chmod(mode)
    if is_allowed:
        assert resolve(Address(url_file=file), "serving")
        return
    with pytest.raises(AddressError, match=f"serving.url_file: {file} can be read by others") as caught:
        resolve(Address(url_file=file), "serving")
    assert code_of(caught.value) == Code.CONFIGURATION


@pytest.mark.parametrize(
    "text",
    [
        URL,
        "host=db password=CANARY dbname=ims",
        "host=db password='CANA RY' dbname=ims",
        "failed: postgres://ann:CANARY@x:y@db/ims?password=CANARY",
        "POSTGRESQL://ann:CANARY@[::1]/ims and postgresql://bob:CANARY@db",
    ],
)
def test_no_password_stays_in_a_text(text: str) -> None:
    assert "CANARY" not in redact(text)
    assert "CANA RY" not in redact(text)
    assert "***" in redact(text)


def test_the_password_of_an_address_is_hidden_wherever_it_stands() -> None:
    assert redact("the word CANARY was refused", SecretStr(URL)) == "the word *** was refused"
    assert redact("nothing to hide", SecretStr("postgresql://db/ims")) == "nothing to hide"


def test_a_place_is_told_without_user_and_password() -> None:
    assert place(SecretStr(URL)) == "database 'ims' at db.example:5433"
    assert place(SecretStr("postgresql:///ims")) == "database 'ims' at the local socket:5432"


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (errors.AdminShutdown("x"), True),
        (errors.SerializationFailure("x"), True),
        (errors.DeadlockDetected("x"), True),
        (errors.LockNotAvailable("x"), True),
        (errors.TooManyConnections("x"), True),
        (errors.CannotConnectNow("x"), True),
        (psycopg.OperationalError("server closed the connection unexpectedly"), True),
        (psycopg.OperationalError("connection timeout expired"), True),
        (errors.QueryCanceled("x"), False),
        (errors.InsufficientPrivilege("x"), False),
        (errors.UndefinedTable("x"), False),
        (errors.UniqueViolation("x"), False),
        (errors.DiskFull("x"), False),
        (psycopg.OperationalError('FATAL: password authentication failed for user "x"'), False),
        (psycopg.OperationalError('FATAL: database "x" does not exist'), False),
        (psycopg.InterfaceError("x"), False),
    ],
)
def test_only_what_passes_by_itself_is_tried_again(error: psycopg.Error, passes: bool) -> None:
    assert is_passing(error) == passes
    calls = []

    def fail() -> None:
        calls.append(None)
        if len(calls) < 3:
            with told("it failed"):
                raise error

    if passes:
        retrying(60)(fail)
        assert len(calls) == 3
    else:
        with pytest.raises(DatabaseError, match="it failed: "):
            retrying(60)(fail)
        assert len(calls) == 1


def test_the_budget_ends_trying() -> None:
    began, calls = time.monotonic(), []

    def fail() -> None:
        calls.append(None)
        raise DatabaseError("down", is_passing=True)

    with pytest.raises(DatabaseError, match="down"):
        retrying(1)(fail)
    assert time.monotonic() - began < 1.2
    assert len(calls) > 1
    calls.clear()
    with pytest.raises(DatabaseError):
        retrying(0)(fail)
    assert len(calls) == 1


def test_a_session_has_limits_and_one_way_of_writing_time(postgres: PostgresServer, database: str) -> None:
    address = ServingSettings(url=postgres.url(database=database))
    connection = connect(
        address,
        "serving",
        application_name="stockplan test",
        connect_timeout=5,
        statement_timeout=0.2,
        lock_timeout=0.1,
        read_only=True,
    )
    with connection:
        shown = {
            name: connection.execute(f"show {name}").fetchone()
            for name in ("statement_timeout", "lock_timeout", "timezone", "datestyle", "application_name")
        }
        assert [value for (value,) in filter(None, shown.values())] == [
            "200ms",
            "100ms",
            "UTC",
            "ISO, YMD",
            "stockplan test",
        ]
        with pytest.raises(DatabaseError, match="read-only transaction"), told("writing"):
            connection.execute("create table x (y int)")
        connection.rollback()
        with pytest.raises(DatabaseError, match="statement timeout") as caught, told("waiting"):
            connection.execute("select pg_sleep(5)")
        assert caught.value.sqlstate == "57014"


def test_a_line_that_is_silent_is_cut(postgres: PostgresServer, database: str) -> None:
    address = ServingSettings(url=postgres.url(database=database))
    connection = connect(address, "serving", application_name="test", connect_timeout=5)
    limit, began = TimeLimit(connection), time.monotonic()
    with pytest.raises(DatabaseError), told("waiting"), limit.of(0.3):
        connection.execute("select pg_sleep(30)")
    assert limit.is_over
    assert time.monotonic() - began < 2
    in_time = TimeLimit(connect(address, "serving", application_name="test", connect_timeout=5))
    with in_time.of(5):
        pass
    assert not in_time.is_over
