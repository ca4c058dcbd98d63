"""Building one dbt stage, in this process or in a child: what was built, what was tested.

No Dagster here. `build_stage` is the only way in which the pipeline runs dbt. In process is the
default because it costs a fifth: the project is parsed once per process and no interpreter is
started. In a child dbt's memory and any crash of it are kept apart from the run.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import psutil
from packaging.version import Version

from optimization.errors import StockplanError
from orchestration.project import DbtNotPreparedError, dbt_project

if TYPE_CHECKING:
    from dagster_dbt import DbtCliResource
    from dbt.contracts.graph.manifest import Manifest

Stage = Literal["marts", "published"]
# What the profile is told by the environment.
_TOLD = ("STOCKPLAN_WORK", "STOCKPLAN_DBT_THREADS", "STOCKPLAN_DBT_MEMORY", "STOCKPLAN_DBT_SPILL")


class DbtBuildError(StockplanError):
    """dbt could not build the stage at all; the message is dbt's own."""


@dataclass(frozen=True)
class NodeResult:
    """One model or test of a stage: dbt's status, failing rows of a test, dbt's message."""

    unique_id: str
    status: str
    failures: int | None
    message: str
    seconds: float

    @property
    def is_error(self) -> bool:
        """Whether the node failed or could not be run."""
        return self.status in ("error", "fail", "runtime error")


def build_stage(
    stage: Stage,
    work: Path,
    *,
    mode: Literal["in_process", "subprocess"] = "in_process",
    threads: int = 2,
    memory_mb: int | None = None,
    spill_mb: int = 20_000,
) -> tuple[NodeResult, ...]:
    """Build and test every model of `stage` in the work folder `work`.

    `work` holds `inputs.parquet`; exports appear in `work/export`. Unit tests are not run: they
    test the code, not the data of a day. dbt's work file holds `memory_mb` in memory (without, 40 % of
    the machine's) and writes up to `spill_mb` beside itself when that is too little. Returns the result
    of every node, failures included. Raises `DbtBuildError` when dbt ended before it reached the nodes.
    """
    (work / "export").mkdir(parents=True, exist_ok=True)
    target = work / "target"
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    arguments = [
        "build",
        "--select",
        f"tag:{stage}",
        "--exclude-resource-type",
        "unit_test",
        # A test joins two stages at most; it runs in the later one, where both tables exist.
        "--indirect-selection",
        "buildable",
    ]
    with _environment(
        STOCKPLAN_WORK=str(work.resolve()),
        STOCKPLAN_DBT_THREADS=str(threads),
        STOCKPLAN_DBT_MEMORY=f"{memory_mb or _share_of_memory()}MiB",
        STOCKPLAN_DBT_SPILL=f"{spill_mb}MiB",
        # The work file is closed below, or by the end of the child.
        STOCKPLAN_DBT_KEEP_OPEN="True",
    ):
        if mode == "in_process":
            failure = _build_in_process(arguments, target)
        else:
            failure = _build_in_child(arguments, target)
    # dbt leaves its graph as a pickle, which nothing reads and nothing ever should.
    for left in target.glob("*.gpickle"):
        left.unlink()
    if not results.exists():
        raise DbtBuildError(f"dbt could not build the stage {stage!r}: {failure or 'no result was written'}")
    return _read_results(results)


def _build_in_process(arguments: list[str], target: Path) -> str | None:
    from dbt.cli.main import dbtRunner

    folder = str(dbt_project.project_dir)
    try:
        done = dbtRunner(manifest=_parsed_manifest()).invoke(
            [
                "--log-level",
                "none",
                *arguments,
                "--project-dir",
                folder,
                "--profiles-dir",
                folder,
                "--target-path",
                str(target.resolve()),
            ]
        )
    finally:
        _close_work_file()
    if done.exception is not None and not isinstance(done.exception, Exception):
        # dbt keeps even what asks the process to stop.
        raise done.exception
    return str(done.exception) if done.exception else None


def _close_work_file() -> None:
    """Close the work file that dbt kept open: nobody else can open it as long as this process does."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    # no environment: dbt ended before it opened the file
    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager.env().close()


def _build_in_child(arguments: list[str], target: Path) -> str | None:
    # The dbt of this environment, whether or not the environment is on the PATH.
    dbt = quiet_dbt(Path(sys.executable).with_name("dbt"))
    invocation = dbt.cli(arguments, raise_on_error=False, target_path=target.resolve())
    # Awaited before anything is read: reading along with a running dbt is a busy loop.
    if invocation.wait().is_successful():
        return None
    error = invocation.get_error()
    return str(error) if error else None


def quiet_dbt(executable: Path) -> DbtCliResource:
    """Return dbt as Dagster runs it, its version read from the installed package.

    `dbt --version`, which Dagster would ask before every build, asks the package index for a newer one.
    """
    from dagster_dbt import DbtCliResource

    class QuietDbt(DbtCliResource):
        @cached_property
        def _cli_version(self) -> Version:
            return Version(version("dbt-core"))

    folder = str(dbt_project.project_dir)
    return QuietDbt(project_dir=folder, profiles_dir=folder, dbt_executable=str(executable))


@cache
def _parsed_manifest() -> Manifest:
    """Parse the project once per process; the business date is no part of it.

    Parsed with the default work folder: dbt discards what it knows of the project when the path
    of the database changes. No JSON is written: another process may be reading the prepared manifest.
    """
    from dbt.cli.main import dbtRunner

    folder = str(dbt_project.project_dir)
    with _environment(**dict.fromkeys(_TOLD)):
        done = dbtRunner().invoke(
            ["--quiet", "--no-write-json", "parse", "--project-dir", folder, "--profiles-dir", folder]
        )
    if not done.success:
        raise DbtNotPreparedError(f"dbt cannot parse {folder}: {done.exception}")
    manifest: Manifest = done.result
    return manifest


def _read_results(path: Path) -> tuple[NodeResult, ...]:
    content = json.loads(path.read_text(encoding="utf-8"))
    return tuple(
        NodeResult(
            unique_id=row["unique_id"],
            status=row["status"],
            failures=row.get("failures"),
            message=row.get("message") or "",
            seconds=row["execution_time"],
        )
        for row in content["results"]
        if row["unique_id"].split(".", 1)[0] in ("model", "test", "seed", "snapshot")
    )


def _share_of_memory() -> int:
    """40 % of the machine's memory, MiB: the rest is for what else the run holds."""
    return max(int(0.4 * psutil.virtual_memory().total / 2**20), 256)


@contextmanager
def _environment(**values: str | None) -> Iterator[None]:
    """Set (or with None unset) variables for dbt, which can be told them in no other way."""
    before = {name: os.environ.get(name) for name in values}
    _set_environment(values)
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
