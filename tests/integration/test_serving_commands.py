"""The commands of the serving database, as an operator types them, and the day's asset that serves."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from orchestration.cli import app
from orchestration.cli.console import console
from orchestration.defs.release.assets import serving
from orchestration.defs.resources import Pipeline
from orchestration.lake.ledger import LedgerBrokenError
from orchestration.outcomes import Code, code_of
from orchestration.postgres.connection import DatabaseAccessError, DatabaseError
from orchestration.publish.opened import AFTER_RELEASE, REPORT, WORKBOOK
from orchestration.publish.serving.catalogue import part_name
from orchestration.publish.shelf import Release
from orchestration.settings import Settings, settings
from tests.servers import PostgresServer
from tests.serving_office import DAY, NEXT_DAY, PUBLISHER, ServingOffice, open_office
from tests.unit.publish.release_lake import policy_table

Command = Callable[..., Result]


@pytest.fixture
def office(postgres: PostgresServer, tmp_path: Path) -> Iterator[ServingOffice]:
    with open_office(tmp_path / "home", postgres) as opened:
        yield opened


@pytest.fixture
def command(office: ServingOffice, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Run a command on the office's home and database."""
    told = office.settings.serving.url
    assert told is not None
    monkeypatch.setenv("STOCKPLAN_HOME", str(office.lake.root))
    monkeypatch.setattr(console, "_width", 400)
    monkeypatch.setenv("STOCKPLAN_SERVING__URL", told.get_secret_value())
    monkeypatch.setenv("STOCKPLAN_ADMIN__URL", office.server.url(database=office.database))
    settings.cache_clear()
    yield lambda *arguments: CliRunner().invoke(app, list(arguments))
    settings.cache_clear()


def _publish(office: ServingOffice, units: float, number: int) -> Release:
    release = office.release({"policy": policy_table(units)}, (DAY, NEXT_DAY)[number]).release
    folder = office.lake.open_dir(release.release_id)
    folder.mkdir(parents=True)
    for name in (WORKBOOK, REPORT):
        (folder / name).write_text(release.release_id)
    return release


def _all_doors(office: ServingOffice) -> set[str]:
    lake = office.lake
    return {
        (lake.root / "CURRENT").read_text().strip(),
        lake.current_dir.resolve().parent.name,
        lake.workbook_door.read_text(),
        lake.report_door.read_text(),
        office.shown(),
    }


def test_a_release_is_served_rolled_back_and_checked(office: ServingOffice, command: Command) -> None:
    first, second = _publish(office, 1.0, 0), _publish(office, 2.0, 1)
    assert "nothing changed" in command("db", "init").stdout
    told = command("serving")
    assert told.exit_code == 0
    assert f"Readers see {second.release_id}" in told.stdout
    assert "all of it was there" in command("serving", "--release", second.release_id).stdout
    done = command("rollback", first.release_id, "--reason", "wrong prices", "--actor", "ann")
    assert done.exit_code == 0, done.output
    assert _all_doors(office) == {first.release_id}
    assert command("rollback", first.release_id, "--reason", "again").exit_code != 0
    assert command("rollback", second.release_id, "--reason", "they were right").exit_code == 0
    assert _all_doors(office) == {second.release_id}
    events = [event.event_type for event in office.ledger.events("release")]
    assert events == ["published", "published", "rolled_back", "rolled_back"]
    assert office.rows("select count(*) from audit.event where event_type = 'rolled_back'") == [(2,)]


def test_a_check_tells_what_lags_and_how_to_mend_it(office: ServingOffice, command: Command) -> None:
    _publish(office, 1.0, 0)
    command("serving")
    good = command("db", "check")
    assert good.exit_code == 0, good.output
    current = _publish(office, 2.0, 1)
    behind = command("db", "check")
    assert behind.exit_code == 1
    assert current.release_id in behind.stdout
    assert "stockplan serving" in behind.stdout
    command("serving")
    assert command("db", "check").exit_code == 0


def _every_kind() -> pa.Table:
    """Every kind of values that is served, with those that a copy as text could confuse."""
    rows = policy_table(1.0)
    columns = {
        "a_text": pa.array(["", None, 'a "b", c\n\\d', "t", "NaN", "Größe\u00a0駆"]),
        "a_number": pa.array([0.1, -0.0, math.nan, math.inf, -1.7976931348623157e308, None]),
        "a_count": pa.array([1, -(2**31), None, 0, 5, 6], pa.int32()),
        "a_flag": pa.array([True, False, None, True, True, False]),
        "a_price": pa.array(
            [Decimal("1.50"), None, Decimal("-0.01"), *map(Decimal, (0, 3, 4))], pa.decimal128(12, 2)
        ),
        "a_day": pa.array([date(1, 1, 1), None, date(9999, 12, 31), *[date(2024, 2, 29)] * 3]),
        "a_time": pa.array([datetime(2024, 2, 29, 23, 59, 59, 999_999), None, *[datetime(1970, 1, 1)] * 4]),
    }  # fmt: skip
    rows = rows.slice(0, 1).take([0] * 6)
    for name, values in columns.items():
        rows = rows.append_column(name, values)
    return rows


def test_every_row_read_back_is_the_one_that_the_ledger_saw(office: ServingOffice, command: Command) -> None:
    _, served = office.publish({"policy": _every_kind()})
    told = command("db", "check", "--rows")
    assert told.exit_code == 0, told.output
    assert "6 rows of 1 tables" in told.stdout
    # Of the same number of rows one digit is another; the owner of the server may write anything.
    part = f'store."{part_name("policy", served.release_id)}"'
    for change, back in (
        ("a_number = 0.10000000000000002", "a_number = 0.1"),
        ("a_text = null", "a_text = ''"),
        ("a_price = 1.51", "a_price = 1.5"),
    ):
        for what, code in ((change, 1), (back, 0)):
            with office.connect() as connection:
                done = connection.execute(f"update {part} set {what} where a_count = 1".encode())
                assert done.rowcount == 1
            told = command("db", "check", "--rows")
            assert told.exit_code == code, told.output
            assert ("policy was changed" in told.stdout) == bool(code)


def test_a_part_that_was_changed_is_loaded_again_as_the_check_says(
    office: ServingOffice, command: Command
) -> None:
    release, _ = office.publish({"policy": _every_kind()})
    part = f'store."{part_name("policy", release.release_id)}"'
    with office.connect() as connection:
        connection.execute(f"delete from {part} where a_count = 5".encode())
    assert f"drop table {part}" in command("db", "check", "--rows").stdout
    with office.connect() as connection:
        connection.execute(f"drop table {part}".encode())
    assert "policy is not there" in command("db", "check", "--rows").stdout
    assert command("serving").exit_code == 0
    told = command("db", "check", "--rows")
    assert told.exit_code == 0, told.output


def test_a_sign_in_place_of_a_nul_is_no_change(office: ServingOffice, command: Command) -> None:
    rows = policy_table(1.0)
    office.publish({"policy": rows.append_column("note", pa.array(["a\0b"] * rows.num_rows))})
    assert command("db", "check", "--rows").exit_code == 0


def test_rows_are_read_back_only_by_whom_no_row_security_holds(
    office: ServingOffice, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.publish({"policy": policy_table(1.0)})
    monkeypatch.delenv("STOCKPLAN_ADMIN__URL")
    told = command("db", "check", "--rows")
    assert told.exit_code != 0
    assert "--url-file" in str(told.exception)
    assert "no administrator's was told" in told.output


def test_a_login_that_is_not_let_in_is_told_as_such(
    office: ServingOffice, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(office, 1.0, 0)
    monkeypatch.setenv("STOCKPLAN_SERVING__URL", office.server.url(PUBLISHER, "wrong", office.database))
    settings.cache_clear()
    told = command("serving")
    assert isinstance(told.exception, DatabaseAccessError)
    assert code_of(told.exception) == Code.ACCESS_REFUSED
    assert "stockplan db user NAME --role publisher" in str(told.exception)
    assert "wrong" not in str(told.exception).replace("wrong login", "")


def test_without_an_address_the_command_says_where_to_set_it(
    office: ServingOffice, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(office, 1.0, 0)
    monkeypatch.delenv("STOCKPLAN_SERVING__URL")
    settings.cache_clear()
    told = command("serving")
    assert told.exit_code != 0
    assert "STOCKPLAN_SERVING__URL" in str(told.exception)


def _materialise(office: ServingOffice, configured: Settings) -> dict[str, Any]:
    """Run the day's last asset alone, as the job runs it; return what it told. Raises as the asset does."""
    result = dg.materialize(
        [serving],
        partition_key=DAY.isoformat(),
        instance=dg.DagsterInstance.ephemeral(),
        resources={"pipeline": Pipeline(configured)},
    )
    told = result.asset_materializations_for_node("serving")[0].metadata
    return {name: value.value for name, value in told.items()}


def test_the_days_asset_serves_its_release_and_is_off_without_an_address(office: ServingOffice) -> None:
    release = _publish(office, 1.0, 0)
    off = _materialise(office, Settings(home=office.lake.root))
    assert (off["state"], off["release_id"]) == ("off", release.release_id)
    assert office.rows("select * from published.release") == []
    served = _materialise(office, office.settings)
    assert (served["state"], served["current_release"]) == ("served", release.release_id)
    assert office.shown() == release.release_id


def test_a_ledger_that_was_cut_is_told_as_broken(office: ServingOffice) -> None:
    _publish(office, 1.0, 0)
    _materialise(office, office.settings)
    path = office.lake.ledger_file
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(LedgerBrokenError) as told:
        _materialise(office, office.settings)
    assert code_of(told.value) == Code.LEDGER_BROKEN


def test_the_release_stands_when_the_database_is_away(office: ServingOffice) -> None:
    release = _publish(office, 1.0, 0)
    away = office.with_serving(
        url=SecretStr("postgresql://pipeline:hush-hush@127.0.0.1:1/stockplan"), retry_budget_seconds=0
    )
    with pytest.raises(DatabaseError) as told:
        _materialise(office, away)
    assert code_of(told.value) == Code.SERVING_LAGS
    assert "hush-hush" not in str(told.value)
    assert "serving" in AFTER_RELEASE
    assert (office.lake.root / "CURRENT").read_text().strip() == release.release_id
