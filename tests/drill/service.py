"""The service killed with all it has started, on PostgreSQL: how soon its run is noticed and run again.

The real `stockplan daemon` with the real job; and Dagster's SQLite files under three hundred runs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import psutil

from orchestration.production_settings import DagsterSettings
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.upkeep.dagster_home import dagster_folder, open_dagster
from orchestration.upkeep.run_retention import remove_old_runs, shrink
from orchestration.upkeep.workers import worker_of
from tests.drill.report import Report, scaled
from tests.pipelines import STOCKPLAN, command, stockplan
from tests.servers import PostgresServer

_INBOX = PROJECT_ROOT / "tests" / "data" / "foreign"
_PATIENCE_SECONDS = 600
_KEPT_RUNS, _ALL_RUNS = 30, 300


def run(scale: float, report: Report) -> None:
    """Kill the service once with everything it has started, and simulate the runs."""
    with tempfile.TemporaryDirectory(prefix="stockplan-service-") as folder, PostgresServer() as server:
        _whole_tree_kill(Path(folder), server, report)
    with tempfile.TemporaryDirectory(prefix="stockplan-runs-") as folder:
        _many_runs(Path(folder), scaled(_ALL_RUNS, scale, 2 * _KEPT_RUNS), report)


def _whole_tree_kill(folder: Path, server: PostgresServer, report: Report) -> None:
    home, mapping = folder / "home", folder / "mapping.yaml"
    url = server.url(database=server.create_database())
    drafted = stockplan("init", str(_INBOX), "--out", str(mapping), home=home)
    assert drafted.returncode == 0, drafted.stderr
    environment = command(
        home,
        STOCKPLAN_SOURCE__CONNECTOR="files",
        STOCKPLAN_SOURCE__INBOX=str(_INBOX),
        STOCKPLAN_SOURCE__MAPPING=str(mapping),
        STOCKPLAN_FIRST_BUSINESS_DATE="2024-03-01",
        STOCKPLAN_TODAY="2024-03-02",
        STOCKPLAN_DAGSTER__STORAGE="postgres",
        STOCKPLAN_DAGSTER__URL=url,
        STOCKPLAN_DAGSTER__AUTOMATIC="true",
    )
    settings = Settings(home=home, dagster=DagsterSettings(storage="postgres", url=url))
    with open_dagster(settings) as instance:
        with _service(environment, folder / "first.log"):
            # The sensor asks for the delivery; its worker then tells itself with the run.
            _wait(lambda: _working(instance) is not None, "no run was started by the service")
            lost = _working(instance)
            assert lost is not None
        worker = worker_of(lost.run_id, lost.tags)
        assert worker is not None
        report.count("workers left after the kill of the whole tree", int(worker.is_alive), exactly=0)
        restarted = time.monotonic()
        with _service(environment, folder / "second.log"):
            _wait(lambda: _status(instance, lost.run_id) == dg.DagsterRunStatus.FAILURE, "never noticed")
            report.count(
                "seconds from the restart to the lost run noticed", time.monotonic() - restarted, most=60
            )
            _wait(lambda: _working(instance) is not None, "the lost run was not run again")
            again = _working(instance)
            assert again is not None
            report.count(
                "runs that the service started again from their start",
                int(again.tags.get("dagster/retry_strategy") == "ALL_STEPS"),
                exactly=1,
            )
            report.count("seconds from the restart to the date being run again", time.monotonic() - restarted)
    refusals = (home / "ledger.jsonl").read_text(encoding="utf-8").count('"WORKER_LOST"')
    report.count("refusals of the lost run in the ledger", refusals, exactly=1)
    told = (home / "alerts.jsonl").read_text(encoding="utf-8").count(f'"run:{lost.run_id}"')
    report.count("alerts of the lost run", told, exactly=1)


@contextmanager
def _service(environment: dict[str, str], log: Path) -> Iterator[int]:
    """Run the service; at the end kill it and everything it has started, all at once."""
    with log.open("w") as out:
        process = subprocess.Popen(
            [*STOCKPLAN, "daemon"], env=environment, cwd=PROJECT_ROOT, stdout=out, stderr=out
        )
        try:
            yield process.pid
        finally:
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            for one in family:
                one.suspend()
            for one in family:
                os.kill(one.pid, signal.SIGKILL)
            process.wait()
            psutil.wait_procs(family, timeout=5)


def _working(instance: dg.DagsterInstance) -> dg.DagsterRun | None:
    """The run that a living worker has claimed."""
    for one in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        worker = worker_of(one.run_id, one.tags)
        if worker is not None and worker.is_alive:
            return one
    return None


def _status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus | None:
    found = instance.get_run_by_id(run_id)
    return found.status if found else None


def _wait(until: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not until():
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise)
        time.sleep(0.25)


@dg.asset(check_specs=[dg.AssetCheckSpec(f"check_{n}", asset="stock") for n in range(3)])
def stock() -> dg.MaterializeResult:  # type: ignore[type-arg]
    """An asset with three checks, as small as one can be."""
    results = [dg.AssetCheckResult(passed=True, check_name=f"check_{n}") for n in range(3)]
    return dg.MaterializeResult(check_results=results, metadata={"note": "x" * 2000})


# Three hundred runs have nothing to say line by line.
_SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def _many_runs(folder: Path, runs: int, report: Report) -> None:
    """Each round stands for the days that are kept: the round before it is removed."""
    settings = Settings(home=folder)
    sizes = []
    with open_dagster(settings) as instance:
        home = dagster_folder(settings)
        for _ in range(runs // _KEPT_RUNS):
            before = datetime.now(UTC)
            for _ in range(_KEPT_RUNS):
                dg.materialize([stock], instance=instance, run_config=_SILENT)
            remove_old_runs(instance, home, before)
            shrink(home)
            sizes.append(sum(path.stat().st_size for path in home.rglob("*") if path.is_file()))
        report.count("runs kept of the simulated ones", instance.get_runs_count(), exactly=_KEPT_RUNS)
    report.count("simulated runs", runs // _KEPT_RUNS * _KEPT_RUNS)
    report.count("MB of Dagster's files after the first round", sizes[0] / 1e6)
    report.count("growth of Dagster's files over all rounds", max(sizes) / sizes[0], most=1.15)
