"""Everything that a source database can do to a day: each ends in its reason code, and nothing is sealed.

Every fault is real, on a server of this module's own. The password is a canary: it stands in no message.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from orchestration.ims.connector import SourceError
from orchestration.ims.postgres import PostgresConnector
from orchestration.lake.ledger import Ledger
from orchestration.lake.paths import Lake
from orchestration.lake.snapshots import seal_date
from orchestration.outcomes import Code, code_of
from orchestration.settings import Settings
from tests.factories import SMALL_AS_OF
from tests.ims_database import ImsDatabase, cutting_proxy
from tests.servers import PostgresServer

DAY = SMALL_AS_OF


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that the tests stop, pause and overload."""
    with PostgresServer(settings={"max_connections": "8", "superuser_reserved_connections": "3"}) as own:
        yield own


@pytest.fixture(scope="module")
def ims(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> ImsDatabase:
    """The small source of one day."""
    database = ImsDatabase(server, server.create_database("ims"), tmp_path_factory.mktemp("ims"))
    database.fill([DAY])
    return database


@pytest.fixture
def failing(ims: ImsDatabase, tmp_path: Path) -> Callable[..., str]:
    """Return how to seal a day that must fail with a code, and the message it fails with."""

    def fail(code: Code, content: dict[str, Any] | None = None, **changes: Any) -> str:
        lake = Lake(tmp_path / "home")
        ledger = Ledger(lake.ledger_file)
        with pytest.raises(SourceError) as caught:
            seal_date(_connector(ims, content, **changes), DAY, lake, ledger, Settings(), today=DAY)
        assert code_of(caught.value) == code
        told = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
        assert ims.password not in told
        assert "CANARY" not in told
        assert not list((tmp_path / "home").rglob("*.parquet"))
        assert list(ledger.events()) == []
        return str(caught.value)

    return fail


def _connector(ims: ImsDatabase, content: dict[str, Any] | None = None, **changes: Any) -> PostgresConnector:
    held = ims.content
    try:
        ims.content = {**held, **(content or {})}
        return ims.connector(**changes)
    finally:
        ims.content = held


def _mapped(ims: ImsDatabase, name: str, **entry: Any) -> dict[str, Any]:
    return {"tables": {**ims.content["tables"], name: {**ims.content["tables"][name], **entry}}}


def test_a_source_that_is_down(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    ims.server.stop()
    try:
        message = failing(Code.SOURCE_UNAVAILABLE)
        assert "Connection refused" in message
        assert "bring the source back" in message
        began = time.monotonic()
        failing(Code.SOURCE_UNAVAILABLE, retry_budget_seconds=2)
        assert time.monotonic() - began < 4
    finally:
        ims.server.start()


def test_a_source_that_comes_back_while_it_is_asked_again(
    ims: ImsDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    ims.server.stop()
    back = threading.Timer(1.0, ims.server.start)
    back.start()
    try:
        with caplog.at_level(logging.WARNING):
            snapshot = ims.connector(retry_budget_seconds=30).extract(DAY, None)
    finally:
        back.join()
    assert snapshot.tables["item"].num_rows == 6
    assert "Trying again in" in caplog.text
    assert ims.password not in caplog.text


def test_a_source_that_hangs_before_it_answers(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    ims.server.pause()
    try:
        began = time.monotonic()
        assert "timeout" in failing(Code.SOURCE_UNAVAILABLE, connect_timeout_seconds=2)
        assert time.monotonic() - began < 5
    finally:
        ims.server.resume()


def test_a_source_that_falls_silent_in_the_middle(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    """The line stands and no byte comes: the deadline cuts it, where PostgreSQL's own limits cannot."""
    pause = threading.Timer(0.5, ims.server.pause)
    with _slow(ims) as content:
        pause.start()
        try:
            began = time.monotonic()
            message = failing(Code.SOURCE_UNAVAILABLE, content, deadline_seconds=2)
            assert time.monotonic() - began < 4
        finally:
            pause.join()
            ims.server.resume()
    assert "source.postgres.deadline_seconds" in message


def test_a_table_that_takes_too_long(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    with _slow(ims) as content:
        message = failing(Code.SOURCE_UNAVAILABLE, content, statement_timeout_seconds=1)
    assert "ims.slow at the source cannot be read: canceling statement due to statement timeout" in message
    assert "source.postgres.statement_timeout_seconds" in message


@contextmanager
def _slow(ims: ImsDatabase) -> Iterator[dict[str, Any]]:
    """A view that never ends, mapped as lanes."""
    ims.run(
        "create view ims.slow as select lane.* from ims.lane, "
        "lateral (select pg_sleep(3 + 0 * lane.transit_days)) as wait"
    )
    try:
        yield _mapped(ims, "lane", table="slow")
    finally:
        _end_sessions(ims)
        ims.run("drop view ims.slow")


def _end_sessions(ims: ImsDatabase) -> None:
    """End the connector's sessions; one whose client is gone may still work for nobody."""
    ims.run(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'stockplan source'"
    )


def test_a_session_that_is_ended_in_the_middle(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    end = threading.Timer(0.7, _end_sessions, [ims])
    with _slow(ims) as content:
        end.start()
        assert "terminating connection" in failing(Code.SOURCE_UNAVAILABLE, content)
        end.join()


def test_a_line_that_breaks(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    with cutting_proxy(ims.server.port, 60_000, cuts=9) as line:
        url = ims.server.url(ims.login, ims.password, ims.database)
        failing(Code.SOURCE_UNAVAILABLE, url=url.replace(f":{ims.server.port}/", f":{line.port}/"))


def test_a_server_that_is_killed_in_the_middle(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    kill = threading.Timer(0.7, ims.server.kill)
    with _slow(ims) as content:
        kill.start()
        try:
            failing(Code.SOURCE_UNAVAILABLE, content)
        finally:
            kill.join()
            ims.server.start()
    assert ims.connector().extract(DAY, None).tables["item"].num_rows == 6


def test_a_source_without_a_free_connection(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    ends = []
    try:
        while len(ends) < 20:
            try:
                ends.append(psycopg.connect(ims.server.url(ims.login, ims.password, ims.database)))
            except psycopg.OperationalError:
                break
        assert "connection" in failing(Code.SOURCE_UNAVAILABLE)
    finally:
        for one in ends:
            one.close()


def test_a_table_that_somebody_holds(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    with ims.server.connect(ims.database, autocommit=False) as holder:
        holder.execute("lock table ims.item in access exclusive mode")
        message = failing(Code.SOURCE_UNAVAILABLE, statement_timeout_seconds=1)
        holder.rollback()
    assert "ims.item" in message


def test_a_wrong_password_is_not_tried_again(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    began = time.monotonic()
    url = ims.server.url(ims.login, "CANARY-password", ims.database)
    message = failing(Code.ACCESS_REFUSED, url=url, retry_budget_seconds=60)
    assert time.monotonic() - began < 5
    assert "password authentication failed" in message
    assert "Correct the password" in message


def test_a_database_that_is_not_there(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    url = ims.server.url(ims.login, ims.password, "elsewhere")
    assert 'database "elsewhere" does not exist' in failing(Code.CONFIGURATION, url=url)


def test_a_login_that_may_not_log_in(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    ims.run(sql.SQL("alter role {} nologin").format(sql.Identifier(ims.login)))
    try:
        assert "not permitted to log in" in failing(Code.ACCESS_REFUSED)
    finally:
        ims.run(sql.SQL("alter role {} login").format(sql.Identifier(ims.login)))


@pytest.mark.parametrize(
    "text",
    ["CANARY", "https://CANARY@host/x", "postgresql://me:CANARY@[x", "host=127.0.0.1 CANARY", ""]
    # Passwords whose own signs end them early: host, port and database would tell their rest.
    + [
        f"postgresql://me:{word}@127.0.0.1/ims"
        for word in ("a@CANARY", "a/CANARY", "1/CANARY@%40", "a?b@CANARY")
    ],
)
def test_an_address_that_is_none(ims: ImsDatabase, failing: Callable[..., str], text: str) -> None:
    assert "STOCKPLAN_SOURCE__POSTGRES__URL holds no address" in failing(Code.CONFIGURATION, url=text)


def test_an_address_that_is_nowhere(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    assert "source.postgres has no address" in failing(Code.CONFIGURATION, url=None)


def test_a_file_of_the_address_that_others_may_read(
    ims: ImsDatabase, failing: Callable[..., str], tmp_path: Path
) -> None:
    file = tmp_path / "address"
    file.write_text(ims.server.url(ims.login, ims.password, ims.database) + "\n")
    file.chmod(0o644)
    told = {"url": None, "url_file": file}
    assert f"chmod 600 {file}" in failing(Code.CONFIGURATION, **told)
    file.chmod(0o600)
    assert ims.connector(**told).extract(DAY, None).tables["item"].num_rows == 6
    file.unlink()
    assert "No such file" in failing(Code.CONFIGURATION, **told)
    file.mkdir()
    assert "is not a file" in failing(Code.CONFIGURATION, **told)


def test_a_table_that_is_missing(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    message = failing(Code.SNAPSHOT_UNREADABLE, _mapped(ims, "lane", table="lanes"))
    assert "no table or view ims.lanes" in message
    assert "tables.lane" in message


def test_a_table_that_was_renamed_and_is_told_by_its_new_name(
    ims: ImsDatabase, failing: Callable[..., str]
) -> None:
    ims.run("alter table ims.lane rename to routes")
    try:
        assert "no table or view ims.lane" in failing(Code.SNAPSHOT_UNREADABLE)
        renamed = _connector(ims, _mapped(ims, "lane", table="routes"))
        assert renamed.extract(DAY, None).tables["lane"].num_rows == 12
    finally:
        ims.run("alter table ims.routes rename to lane")


def test_a_column_that_was_renamed(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    content = _mapped(ims, "item", columns={"unit_cost": "unit_cost"})
    ims.run("alter table ims.item rename column unit_cost to standard_cost")
    try:
        message = failing(Code.SNAPSHOT_UNREADABLE, content)
        assert "ims.item has no column 'unit_cost'" in message
        assert "standard_cost" in message
        mended = _connector(ims, _mapped(ims, "item", columns={"unit_cost": "standard_cost"}))
        assert mended.extract(DAY, None).tables["item"].column("unit_cost").null_count == 0
    finally:
        ims.run("alter table ims.item rename column standard_cost to unit_cost")


def test_a_table_that_our_login_may_not_read(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    login = sql.Identifier(ims.login)
    ims.run(sql.SQL("revoke select on ims.receipt from {}").format(login))
    try:
        message = failing(Code.ACCESS_REFUSED)
        assert "permission denied for table receipt" in message
        assert "select on the tables of the mapping" in message
    finally:
        ims.run(sql.SQL("grant select on ims.receipt to {}").format(login))


def test_rows_that_are_hidden_from_us_are_an_error_and_no_short_table(
    ims: ImsDatabase, failing: Callable[..., str]
) -> None:
    ims.run(
        "alter table ims.stock_on_hand enable row level security",
        "create policy east on ims.stock_on_hand using (location_id = 'EAST')",
    )
    try:
        assert "row-level security" in failing(Code.ACCESS_REFUSED)
    finally:
        ims.run(
            "drop policy east on ims.stock_on_hand",
            "alter table ims.stock_on_hand disable row level security",
        )


def test_business_dates_that_are_not_there(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    def told(**entry: str) -> dict[str, Any]:
        return {"business_dates": {**ims.content["business_dates"], **entry}}

    assert 'relation "ims.nowhere" does not exist' in failing(Code.SNAPSHOT_UNREADABLE, told(table="nowhere"))
    assert 'column "day" does not exist' in failing(Code.SNAPSHOT_UNREADABLE, told(column="day"))
    assert "Correct the mapping" in failing(Code.SNAPSHOT_UNREADABLE, told(table="item", column="item_id"))


def test_a_date_that_the_source_does_not_have(ims: ImsDatabase, failing: Callable[..., str]) -> None:
    ims.run("update ims.closing set business_date = business_date - 1")
    try:
        failing(Code.SNAPSHOT_MISSING)
    finally:
        ims.run("update ims.closing set business_date = business_date + 1")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"tables": {"items": {"table": "item"}}}, "there is no table 'items'"),
        ({"tables": {"item": {"table": "item", "columns": {"sku": "x"}}}}, "sku is no column of item"),
        ({"tables": {"item": {"table": "x" * 64}}}, "1 to 63 bytes"),
        ({"tables": {"item": {"table": "item; drop table x", "query": "select 1"}}}, "tables.item.query"),
        ({"tables": {"receipt": {"table": "receipt", "as_of_column": "day"}}}, "holds events"),
        ({"timezone": "Middle-earth"}, "there is no time zone"),
        ({"late_days": -1}, "late_days"),
        ({"business_dates": {"table": "closing"}}, "business_dates.column"),
    ],
)
def test_a_mapping_that_needs_repair_names_the_entry(
    ims: ImsDatabase, content: dict[str, Any], told: str
) -> None:
    with pytest.raises(SourceError, match=told) as caught:
        _connector(ims, content)
    assert code_of(caught.value) == Code.CONFIGURATION


def test_no_mapping_at_all(ims: ImsDatabase) -> None:
    with pytest.raises(SourceError, match=r"source\.mapping is not set") as caught:
        PostgresConnector(ims.settings(), None)
    assert code_of(caught.value) == Code.CONFIGURATION


@pytest.mark.parametrize("column", ["is_expedited", "received_units"])
def test_a_stamp_that_is_no_date(ims: ImsDatabase, failing: Callable[..., str], column: str) -> None:
    message = failing(Code.CONFIGURATION, _mapped(ims, "receipt", columns={"loaded_at": column}))
    assert "tables.receipt.columns.loaded_at" in message
    assert "must be a date or a timestamp" in message


def test_who_is_not_patient_asks_once(ims: ImsDatabase) -> None:
    ims.server.stop()
    try:
        began = time.monotonic()
        connector = PostgresConnector(ims.settings(retry_budget_seconds=600), ims.mapping, is_patient=False)
        with pytest.raises(SourceError):
            connector.business_dates()
        assert time.monotonic() - began < 3
    finally:
        ims.server.start()


def test_a_day_that_is_sealed_outlives_its_source(ims: ImsDatabase, tmp_path: Path) -> None:
    """What was sealed stays the day's snapshot when the source has moved on to other dates."""
    lake = Lake(tmp_path / "home")
    ledger = Ledger(lake.ledger_file)
    sealed = seal_date(ims.connector(), DAY, lake, ledger, Settings(), today=DAY)
    ims.run(f"update ims.closing set business_date = '{date(2023, 6, 16)}'")
    try:
        again = seal_date(ims.connector(), DAY, lake, ledger, Settings(), today=DAY)
    finally:
        ims.run(f"update ims.closing set business_date = '{DAY}'")
    assert again.state == "duplicate"
    assert again.snapshot == sealed.snapshot
