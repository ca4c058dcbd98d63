"""Dagster on a real PostgreSQL: told by the settings, never on the disk, and kept as small as on SQLite."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
import yaml
from pydantic import SecretStr

from orchestration.outcomes import BY_CODE, Code, code_of
from orchestration.postgres.address import AddressError
from orchestration.production_settings import DagsterSettings
from orchestration.settings import Settings
from orchestration.upkeep.dagster_home import (
    RunStorageError,
    dagster_folder,
    instance_config,
    open_dagster,
)
from orchestration.upkeep.reconciler import end_lost_runs
from orchestration.upkeep.run_retention import remove_old_runs
from orchestration.upkeep.workers import worker_tags
from tests.pipelines import stockplan
from tests.servers import PostgresServer


@dg.asset(check_specs=[dg.AssetCheckSpec("check", asset="stock")])
def stock() -> dg.MaterializeResult:  # type: ignore[type-arg]
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True, check_name="check")])


@dg.job
def nothing() -> None:
    """A job of no step."""


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DAGSTER_HOME", "DAGSTER_STORAGE_URL"):
        monkeypatch.setenv(name, "")


@pytest.fixture
def password(postgres: PostgresServer, database: str) -> str:
    """Of the login that owns the database, and has no other right."""
    made = postgres.create_login(f"owner_of_{database}")
    with postgres.connect() as connection:
        connection.execute(f'alter database "{database}" owner to "owner_of_{database}"')
    return made


@pytest.fixture
def settings(tmp_path: Path, postgres: PostgresServer, database: str, password: str) -> Settings:
    file = tmp_path / "dagster"
    file.write_text(postgres.url(f"owner_of_{database}", password, database))
    file.chmod(0o600)
    return Settings(home=tmp_path / "home", dagster=DagsterSettings(storage="postgres", url_file=file))


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    with open_dagster(settings) as opened:
        yield opened


def test_runs_are_kept_there_and_the_address_is_nowhere(
    instance: dg.DagsterInstance, settings: Settings, postgres: PostgresServer, database: str, password: str
) -> None:
    assert dg.materialize([stock], instance=instance, tags=worker_tags("any")).success
    folder = dagster_folder(settings)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not list(folder.rglob("*.db"))
    held = [
        path for path in settings.home.rglob("*") if path.is_file() and password in path.read_text("latin-1")
    ]
    assert held == []
    with postgres.connect(database) as connection:
        tables = [
            name
            for (name,) in connection.execute("select tablename from pg_tables where schemaname = 'public'")
        ]
        rows = {
            name: "".join(str(row) for row in connection.execute(f'select * from "{name}"'))
            for name in tables
        }
    assert "stockplan/worker" in rows["run_tags"]
    assert [name for name, text in rows.items() if password in text] == []


def test_lost_and_old_runs_leave_it_without_a_trace(
    instance: dg.DagsterInstance, settings: Settings, postgres: PostgresServer, database: str
) -> None:
    run_id = str(uuid4())
    dead = worker_tags(run_id)
    dead["stockplan/worker"] = dead["stockplan/worker"].replace('"started": "', '"started": "9')
    lost = instance.create_run_for_job(
        nothing, run_id=run_id, status=dg.DagsterRunStatus.STARTED, tags=dead
    ).run_id
    assert [one.run_id for one in end_lost_runs(instance, 3600)] == [lost]
    assert dg.materialize([stock], instance=instance).success
    assert remove_old_runs(instance, dagster_folder(settings), datetime.now(UTC)) == 2
    with postgres.connect(database) as connection:
        for table in ("runs", "run_tags", "event_logs", "asset_check_executions", "asset_event_tags"):
            (found,) = connection.execute(f"select count(*) from {table}").fetchone() or (None,)
            assert found == 0, table


def test_a_database_that_is_down_is_told_before_anything_starts(tmp_path: Path) -> None:
    canary = "CANARY-7f3a"
    url = SecretStr(f"postgresql://ann:{canary}@127.0.0.1:9/dagster")
    settings = Settings(home=tmp_path, dagster=DagsterSettings(storage="postgres", url=url))
    with pytest.raises(RunStorageError, match=r"'dagster' at 127.0.0.1:9") as told:
        open_dagster(settings)
    assert canary not in str(told.value)
    assert code_of(told.value) == Code.RUN_STORAGE_UNAVAILABLE
    environment = {"STOCKPLAN_DAGSTER__STORAGE": "postgres", "STOCKPLAN_DAGSTER__URL": url.get_secret_value()}
    done = stockplan("upkeep", home=tmp_path, **environment)
    assert done.returncode == BY_CODE[Code.RUN_STORAGE_UNAVAILABLE].exit_code
    assert canary not in done.stdout + done.stderr


def test_a_storage_without_an_address_is_a_fault_of_the_settings(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, dagster=DagsterSettings(storage="postgres"))
    with pytest.raises(AddressError, match="dagster has no address"):
        open_dagster(settings)


@pytest.mark.parametrize("form", ["url", "pairs", "short"])
def test_an_address_may_be_written_in_each_way_of_libpq(
    tmp_path: Path, postgres: PostgresServer, database: str, form: str
) -> None:
    """Passwords with what URLs keep for themselves included."""
    name = f"ways_{form}"
    word = "a/b@c:d e"
    port = int(postgres.url().rsplit(":", 1)[1].split("/")[0])
    with postgres.connect() as connection:
        connection.execute(f"create role {name} login password '{word}'")
        connection.execute(f'alter database "{database}" owner to {name}')
    address = {
        "url": f"postgresql://{name}:a%2Fb%40c%3Ad%20e@127.0.0.1:{port}/{database}",
        "short": f"postgres://{name}:a%2Fb%40c%3Ad%20e@127.0.0.1:{port}/{database}",
        "pairs": f"host=127.0.0.1 port={port} user={name} password='{word}' dbname={database}",
    }[form]
    told = DagsterSettings(storage="postgres", url=SecretStr(address))
    with open_dagster(Settings(home=tmp_path, dagster=told)) as instance:
        assert instance.get_runs_count() == 0


def test_what_the_settings_decide_stands_in_dagsters_file(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, dagster=DagsterSettings(max_run_seconds=77, keep_run_days=5))
    config = instance_config(settings)
    assert config["run_monitoring"]["max_runtime_seconds"] == 77
    assert config["run_monitoring"]["max_resume_run_attempts"] == 0
    assert config["run_monitoring"]["free_slots_after_run_end_seconds"] == 60
    assert config["telemetry"] == {"enabled": False}
    assert "storage" not in config
    with open_dagster(settings) as instance:
        assert instance.run_monitoring_max_runtime_seconds == 77
    file = dagster_folder(settings) / "dagster.yaml"
    written = file.stat().st_mtime_ns
    with open_dagster(settings):
        pass
    assert file.stat().st_mtime_ns == written
    assert yaml.safe_load(file.read_text()) == config


def test_the_address_reaches_what_this_process_starts_and_no_further(settings: Settings) -> None:
    with open_dagster(settings):
        told = subprocess.run(
            [sys.executable, "-c", "import os; print(os.environ['DAGSTER_STORAGE_URL'][:22])"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    assert told == "postgresql+psycopg2://\n"
    with open_dagster(Settings(home=settings.home)):
        assert "DAGSTER_STORAGE_URL" not in os.environ
