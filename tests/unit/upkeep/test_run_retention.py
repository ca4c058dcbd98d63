"""Old runs go, with all that Dagster keeps of them; the drill does the same with three hundred."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.settings import Settings
from orchestration.upkeep.dagster_home import dagster_folder, open_dagster
from orchestration.upkeep.round import clean
from orchestration.upkeep.run_retention import remove_old_files, remove_old_runs, shrink

KEPT, RUNS = 5, 20


@dg.asset(check_specs=[dg.AssetCheckSpec(f"check_{n}", asset="stock") for n in range(3)])
def stock() -> dg.MaterializeResult:  # type: ignore[type-arg]
    results = [dg.AssetCheckResult(passed=True, check_name=f"check_{n}") for n in range(3)]
    return dg.MaterializeResult(check_results=results, metadata={"note": "x" * 2000})


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DAGSTER_HOME", "")
    return Settings(home=tmp_path / "home")


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    with open_dagster(settings) as opened:
        yield opened


def _materialise(instance: dg.DagsterInstance, times: int) -> None:
    for _ in range(times):
        assert dg.materialize([stock], instance=instance).success


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _rows(folder: Path, file: str, table: str) -> int:
    with closing(sqlite3.connect(folder / "history" / file)) as database:
        return int(database.execute(f"select count(*) from {table}").fetchone()[0])


def test_what_is_kept_bounds_the_files_and_nothing_of_a_removed_run_is_left(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    """Each round stands for the days that are kept; the round before it goes."""
    folder = dagster_folder(settings)
    sizes, removed = [], 0
    for _ in range(RUNS // KEPT):
        before = datetime.now(UTC)
        _materialise(instance, KEPT)
        removed += remove_old_runs(instance, folder, before)
        shrink(folder)
        sizes.append(_bytes(folder))
    assert removed == RUNS - KEPT
    assert instance.get_runs_count() == KEPT
    assert max(sizes[1:]) <= sizes[0] * 1.15
    assert len(list((folder / "history" / "runs").glob("*-*.db"))) == KEPT
    runs = {one.run_id for one in instance.get_runs()}
    assert _rows(folder, "runs/index.db", "asset_check_executions") == 3 * KEPT
    assert _rows(folder, "runs/index.db", "asset_event_tags") <= 2 * KEPT
    with closing(sqlite3.connect(folder / "history" / "runs" / "index.db")) as database:
        assert {one for (one,) in database.execute("select distinct run_id from event_logs")} == runs
    with closing(sqlite3.connect(folder / "history" / "runs.db")) as database:
        assert {one for (one,) in database.execute("select distinct run_id from run_tags")} <= runs


def test_a_run_under_way_stays_however_old(settings: Settings, instance: dg.DagsterInstance) -> None:
    @dg.job
    def nothing() -> None:
        """A job of no step."""

    stays = {
        instance.create_run_for_job(nothing, status=status).run_id
        for status in (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING)
    }
    for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.NOT_STARTED):
        instance.create_run_for_job(nothing, status=status)
    cleaned = clean(instance, settings, datetime.now(UTC) + timedelta(days=365))
    assert cleaned.runs == 2
    assert {one.run_id for one in instance.get_runs()} == stays


def test_a_file_that_is_being_written_is_left_for_the_next_time(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.upkeep.run_retention._BUSY_SECONDS", 0.1)
    folder = dagster_folder(settings)
    _materialise(instance, 2)
    with closing(sqlite3.connect(folder / "history" / "runs.db")) as writer:
        writer.execute("begin immediate")
        writer.execute("delete from runs")
        assert shrink(folder) >= 0
        writer.rollback()
    assert instance.get_runs_count() == 2


def test_tracebacks_go_with_their_runs(tmp_path: Path) -> None:
    for name, age_days in (("old.txt", 100), ("new.txt", 1), ("kept.log", 100)):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (0, time.time() - age_days * 86400))
    assert remove_old_files(tmp_path, "*.txt", datetime.now(UTC) - timedelta(days=90)) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"new.txt", "kept.log"}
    assert remove_old_files(tmp_path / "none", "*.txt", datetime.now(UTC)) == 0
