"""Runs whose worker was killed, or that run too long, on a real Dagster history with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest

from orchestration.defs.resources import Pipeline
from orchestration.outcomes import Code
from orchestration.processes import ProcessIdentity, this_process
from orchestration.settings import Settings
from orchestration.upkeep.alerts import alerts_file
from orchestration.upkeep.dagster_home import open_dagster
from orchestration.upkeep.reconciler import end_lost_runs
from orchestration.upkeep.round import reconcile
from orchestration.upkeep.workers import worker_of, worker_tags

DAY = "2024-01-31"
LONG = 3600.0
# A run as the command line makes it, which does not end by itself and does not listen.
WORKER = """
import signal, sys, time
from pathlib import Path
from uuid import uuid4
import dagster as dg
from orchestration.settings import Settings
from orchestration.upkeep.dagster_home import open_dagster
from orchestration.upkeep.workers import worker_tags

@dg.op
def wait():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("waiting", flush=True)
    time.sleep(120)

@dg.job(tags={"dagster/partition": "2024-01-31"})
def daily():
    wait()

with open_dagster(Settings(home=Path(sys.argv[1]))) as instance:
    run_id = str(uuid4())
    daily.execute_in_process(instance=instance, run_id=run_id, tags=worker_tags(run_id))
"""


@dg.job
def nothing() -> None:
    """A job of no step."""


@contextmanager
def _worker(home: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "waiting\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", "")
    with open_dagster(Settings(home=tmp_path)) as opened:
        yield opened


def _run(instance: dg.DagsterInstance, status: str, **tags: str) -> str:
    """Create a run; a worker that it tells has claimed it, unless the tag names another run."""
    run_id = str(uuid4())
    told = {name.replace("__", "/"): value.replace("THIS RUN", run_id) for name, value in tags.items()}
    return instance.create_run_for_job(
        nothing, run_id=run_id, status=dg.DagsterRunStatus[status], tags=told
    ).run_id


def _claim(worker: ProcessIdentity, run_id: str = "THIS RUN") -> dict[str, str]:
    return {"stockplan__worker": json.dumps({**asdict(worker), "run_id": run_id})}


def test_a_killed_run_is_failed_told_and_in_the_ledger_once(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path)
    pipeline = Pipeline(settings, actor="test")
    with _worker(tmp_path) as process:
        assert reconcile(instance, settings, pipeline.refuse) == []
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
        (ended,) = reconcile(instance, settings, pipeline.refuse)
        assert reconcile(instance, settings, pipeline.refuse) == []
    assert (ended.as_of, ended.code) == (date(2024, 1, 31), Code.WORKER_LOST)
    assert f"process {process.pid}" in ended.message
    run = instance.get_run_by_id(ended.run_id)
    assert run is not None and run.status == dg.DagsterRunStatus.FAILURE
    (refusal,) = pipeline.ledger.events("release")
    assert (refusal.event_type, refusal.payload["reason_code"]) == ("refused", "WORKER_LOST")
    (line,) = alerts_file(settings).read_text().splitlines()
    assert json.loads(line)["run_id"] == ended.run_id


def test_a_run_that_takes_too_long_is_ended_with_its_process(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end_quickly(identity: object) -> bool:
        return end_process(identity, grace_seconds=0.2)  # type: ignore[arg-type]

    from orchestration.processes import end_process

    monkeypatch.setattr("orchestration.upkeep.reconciler.end_process", end_quickly)
    with _worker(tmp_path) as process:
        at_the_limit = datetime.now(UTC) + timedelta(seconds=LONG)
        assert end_lost_runs(instance, LONG, lambda: at_the_limit) == []
        (ended,) = end_lost_runs(instance, LONG, lambda: at_the_limit + timedelta(seconds=61))
        assert process.wait(timeout=10) == -signal.SIGKILL
    assert ended.code == Code.TIMED_OUT
    run = instance.get_run_by_id(ended.run_id)
    assert run is not None and run.status == dg.DagsterRunStatus.FAILURE


def test_only_runs_of_dead_workers_are_ended(instance: dg.DagsterInstance) -> None:
    me = this_process()
    dead = _claim(replace(me, started="1"))
    elsewhere = _claim(replace(me, started="1", host="elsewhere"))
    alive = _claim(me)
    # what a run that is run again hands on
    inherited = _claim(replace(me, started="1"), "the run before")
    lost = {_run(instance, status, **dead) for status in ("NOT_STARTED", "STARTING", "STARTED")}
    cancelled = _run(instance, "CANCELING", **dead)
    for status in ("SUCCESS", "FAILURE", "CANCELED"):
        _run(instance, status, **dead)
    for tags in (alive, elsewhere, inherited, {}):
        _run(instance, "STARTED", **tags)
    ended = end_lost_runs(instance, LONG)
    assert {one.run_id for one in ended} == lost | {cancelled}
    assert {one.code for one in ended} == {Code.WORKER_LOST}
    run = instance.get_run_by_id(cancelled)
    assert run is not None and run.status == dg.DagsterRunStatus.CANCELED


def test_a_run_that_no_worker_claimed_is_lost_with_its_code_server(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """The server is known by its socket, which stands in its command line."""
    socket = str(tmp_path / "server.sock")
    told = {".dagster/grpc_info": json.dumps({"host": "localhost", "socket": socket})}
    run = instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTING, tags=told)
    later = datetime.now(UTC) + timedelta(seconds=61)
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)", "--socket", socket]
    with subprocess.Popen(sleeper) as server:
        assert end_lost_runs(instance, LONG, lambda: later) == []
        server.kill()
    assert end_lost_runs(instance, LONG) == [], "its worker may still be starting"
    (ended,) = end_lost_runs(instance, LONG, lambda: later)
    assert (ended.run_id, ended.as_of) == (run.run_id, None)


def test_a_worker_tells_itself_and_nonsense_is_no_worker() -> None:
    assert worker_of("one", worker_tags("one")) == this_process()
    assert worker_of("another", worker_tags("one")) is None
    for text in ("", "{}", "[1]", '{"pid": 1}'):
        assert worker_of("one", {"stockplan/worker": text}) is None
    assert worker_of("one", {}) is None
