"""A run that is stopped, or killed, while dbt works in a child: no dbt, no lock, no run is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psutil
import pytest

from orchestration.defs.resources import Pipeline
from orchestration.lake.locks import AlreadyRunningError, day_lock
from orchestration.lake.paths import Lake
from orchestration.outcomes import Code
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.upkeep.dagster_home import open_dagster
from orchestration.upkeep.round import reconcile
from orchestration.upkeep.workers import alone_on
from tests.pipelines import command

DAY = date(2024, 1, 31)
# What `stockplan run` does around its steps, with a single step: dbt in a child.
RUN = """
import signal, sys
from datetime import date
from pathlib import Path
from uuid import uuid4
import dagster as dg
from orchestration.dbt_build import build_stage
from orchestration.lake.paths import Lake
from orchestration.settings import Settings
from orchestration.upkeep.dagster_home import open_dagster
from orchestration.upkeep.workers import alone_on, worker_tags

signal.signal(signal.SIGTERM, signal.default_int_handler)
lake, day, run_id = Lake(Path(sys.argv[1])), date(2024, 1, 31), str(uuid4())

@dg.op
def marts():
    build_stage("marts", lake.build_dir(day), mode="subprocess")

@dg.job(tags={"dagster/partition": day.isoformat()})
def daily():
    marts()

with open_dagster(Settings(home=lake.root)) as instance, alone_on(lake, day, "run-1"):
    result = daily.execute_in_process(
        instance=instance, run_id=run_id, tags=worker_tags(run_id), raise_on_error=False
    )
sys.exit(0 if result.success else 7)
"""


def _dbt_of(pid: int) -> psutil.Process | None:
    """The dbt that a process has started, if it has come so far."""
    try:
        children = psutil.Process(pid).children()
        return next((one for one in children if any(part.endswith("/dbt") for part in one.cmdline())), None)
    except psutil.Error:
        return None


@contextmanager
def _running(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], psutil.Process]]:
    """A run of which dbt has started, and that dbt."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(home)],
        env=command(home),
        cwd=PROJECT_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            deadline = time.monotonic() + 600
            while (dbt := _dbt_of(process.pid)) is None:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.2)
            yield process, dbt
        finally:
            process.kill()


def _is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_run_that_is_told_to_stop_takes_dbt_and_lock_with_it(tmp_path: Path) -> None:
    with _running(tmp_path) as (process, dbt):
        with pytest.raises(AlreadyRunningError), day_lock(Lake(tmp_path), DAY):
            pass
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 7
        assert time.monotonic() - started < 30
        assert _is_gone(dbt)
    with day_lock(Lake(tmp_path), DAY):
        pass


def test_a_killed_run_leaves_a_dbt_that_the_next_one_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    settings = Settings(home=tmp_path)
    with _running(tmp_path) as (process, dbt):
        # Stopped, it would outlive its run for as long as it takes to look.
        dbt.suspend()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
        assert not _is_gone(dbt)
        with open_dagster(settings) as instance:
            (ended,) = reconcile(instance, settings, Pipeline(settings).refuse)
        assert (ended.as_of, ended.code) == (DAY, Code.WORKER_LOST)
        dbt.resume()
        with alone_on(Lake(tmp_path), DAY, "run-2"):
            assert _is_gone(dbt)
