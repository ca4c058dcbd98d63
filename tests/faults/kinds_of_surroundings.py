"""Fault kinds of settings, packages, databases, memory and solvers: what a day needs around it."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from unittest.mock import patch

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import SecretStr
from typer.testing import CliRunner

from optimization.contracts.outputs import POLICY
from optimization.network.engine_choice import solve_network
from optimization.parameters import NetworkParameters
from optimization.solver.call import Ending as SolverEnding
from orchestration.cli import app, tell_error
from orchestration.cli.console import settings as command_settings
from orchestration.ims.postgres import PostgresConnector
from orchestration.outcomes import Code, code_of
from orchestration.production_settings import PostgresSourceSettings, ServingSettings
from orchestration.publish.shelf import pointed_id, releases
from orchestration.settings import settings
from tests.faults.fault_ground import DAY, Ending, Ground
from tests.faults.fault_kinds import elsewhere, on_ground
from tests.unit.network.small_problems import small_problem

SETTINGS = "settings"
PACKAGES = "packages"
DATABASES = "databases"
MEMORY = "memory"
GATE = "the gate"
SOLVER = "solvers"

_PARAMETERS = NetworkParameters(engine="whole")
_CANARY = "CANARY-7f3a"


def _ending(act: Callable[[], object]) -> Ending:
    try:
        done = act()
    except Exception as error:
        return Ending(code_of(error), str(error))
    return Ending(Code.OK, str(done))


def _with_settings(text: str | None = None, **environment: str) -> Ending:
    """How a command ends that reads these settings."""
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, environment):
        if text is not None:
            path = Path(folder) / "stockplan.yaml"
            path.write_text(text, encoding="utf-8")
            os.environ["STOCKPLAN_CONFIG"] = str(path)
        settings.cache_clear()
        try:
            return _ending(command_settings)
        finally:
            settings.cache_clear()


# --- settings


@elsewhere(SETTINGS, Code.CONFIGURATION, "sealing.max_bad_row_share")
def a_setting_is_out_of_its_bounds() -> Ending:
    return _with_settings(STOCKPLAN_SEALING__MAX_BAD_ROW_SHARE="2")


@elsewhere(SETTINGS, Code.CONFIGURATION, "sealing.max_bad_rows_share")
def a_setting_is_misspelt() -> Ending:
    return _with_settings("sealing: {max_bad_rows_share: 0.1}\n")


@elsewhere(SETTINGS, Code.CONFIGURATION, "")
def the_settings_are_no_yaml() -> Ending:
    return _with_settings("sealing: [1\n")


@elsewhere(SETTINGS, Code.CONFIGURATION, "which is no file")
def the_file_of_settings_is_not_there() -> Ending:
    return _with_settings(STOCKPLAN_CONFIG="/nowhere/stockplan.yaml")


@elsewhere(SETTINGS, Code.CONFIGURATION, "no time zone")
def a_time_zone_is_none() -> Ending:
    return _with_settings(STOCKPLAN_ALERTS__TIMEZONE="Mars/Olympus")


@on_ground(SETTINGS, Code.CONFIGURATION, "cannot be read")
def the_mapping_is_not_there(ground: Ground) -> Iterator[Ending]:
    ground.mapping = ground.inbox.parent / "none.yaml"
    yield ground.run_day()


@on_ground(SETTINGS, Code.CONFIGURATION, "is not YAML")
def the_mapping_is_no_yaml(ground: Ground) -> Iterator[Ending]:
    yield from _mapped(ground, "tables: [item\n")


@on_ground(SETTINGS, Code.CONFIGURATION, "needs repair")
def the_mapping_names_a_table_that_is_none(ground: Ground) -> Iterator[Ending]:
    yield from _mapped(ground, "tables: {gossip: {file: gossip.csv}}\n")


@on_ground(SETTINGS, Code.CONFIGURATION, "is not YAML")
def the_mapping_wants_to_run_code(ground: Ground) -> Iterator[Ending]:
    yield from _mapped(ground, f"tables: !!python/object/apply:os.mkdir [{ground.home / 'owned'}]\n")
    assert not (ground.home / "owned").exists()


def _mapped(ground: Ground, text: str) -> Iterator[Ending]:
    ground.mapping = ground.inbox.parent / "mapping.yaml"
    ground.mapping.write_text(text, encoding="utf-8")
    yield ground.run_day()


# --- packages


@elsewhere(PACKAGES, Code.ENVIRONMENT, "duckdb missing, pinned")
def a_package_is_missing() -> Ending:
    return _run_with_version("duckdb", None)


@elsewhere(PACKAGES, Code.ENVIRONMENT, "pandas 0.1, pinned")
def a_package_is_of_another_version() -> Ending:
    return _run_with_version("pandas", "0.1")


@elsewhere(PACKAGES, Code.ENVIRONMENT, "highspy")
def a_package_cannot_be_imported() -> Ending:
    def act() -> None:
        with patch.dict("sys.modules", {"highspy": None}):
            import highspy  # noqa: F401

    return _ending(act)


def _run_with_version(package: str, told: str | None) -> Ending:
    """How `stockplan run` ends where a package is missing (None) or of a version."""
    from orchestration.cli import packages

    real = packages.version

    def version(name: str) -> str:
        if name != package:
            return real(name)
        if told is None:
            raise PackageNotFoundError(name)
        return told

    with tempfile.TemporaryDirectory() as home, patch.object(packages, "version", version):
        with patch.dict(os.environ, {"STOCKPLAN_HOME": home}):
            done = CliRunner().invoke(app, ["run"])
        assert list(Path(home).iterdir()) == [], "nothing was begun"
    assert done.exception is not None
    assert isinstance(done.exception, Exception)
    assert tell_error(done.exception) == 3
    return Ending(code_of(done.exception), str(done.exception))


# --- databases that are away (what they do when they answer is in test_source_faults)


@elsewhere(DATABASES, Code.SOURCE_UNAVAILABLE, "bring the source back")
def the_source_is_down() -> Ending:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return _asked(closed.getsockname()[1])


@elsewhere(DATABASES, Code.SOURCE_UNAVAILABLE, "")
def the_source_takes_the_call_and_says_nothing() -> Ending:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        ending = _asked(silent.getsockname()[1])
        assert time.monotonic() - began < 30
    return ending


@elsewhere(DATABASES, Code.CONFIGURATION, "")
def the_address_of_the_source_is_not_told() -> Ending:
    return _ending(lambda: _connector(PostgresSourceSettings()).extract(DAY, None))


def _asked(port: int) -> Ending:
    address = SecretStr(f"postgresql://ims:{_CANARY}@127.0.0.1:{port}/ims")
    settings_ = PostgresSourceSettings(url=address, connect_timeout_seconds=2, retry_budget_seconds=0)
    ending = _ending(lambda: _connector(settings_).extract(DAY, None))
    assert _CANARY not in ending.text
    return ending


def _connector(settings_: PostgresSourceSettings) -> PostgresConnector:
    with tempfile.TemporaryDirectory() as folder:
        mapping = Path(folder) / "mapping.yaml"
        mapping.write_text(
            "business_dates: {table: run, column: day}\ntables: {item: {table: item}}\n", encoding="utf-8"
        )
        return PostgresConnector(settings_, mapping, is_patient=False)


@on_ground(DATABASES, Code.SERVING_LAGS, "", keeps=False)
def the_serving_database_is_down(ground: Ground) -> Iterator[Ending]:
    """The release stands in the files; only its serving is missing, and the same date does it again."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"postgresql://stockplan:{_CANARY}@127.0.0.1:{closed.getsockname()[1]}/serving"
        ground.serving = address
        ground.changes["serving"] = ServingSettings(
            url=SecretStr(address), retry_budget_seconds=0, connect_timeout_seconds=2
        )
        ending = ground.run_day()
    assert pointed_id(ground.lake) == releases(ground.lake)[-1].release_id
    assert releases(ground.lake)[-1].as_of == DAY
    assert _CANARY not in ending.text
    ground.serving = None
    yield ending


# --- memory


@elsewhere(MEMORY, Code.OUT_OF_MEMORY, "")
def there_is_not_enough_memory_for_a_table() -> Ending:
    with _memory(megabytes_more=64):
        return _ending(lambda: np.ones(500_000_000))


@elsewhere(MEMORY, Code.OUT_OF_MEMORY, "")
def there_is_not_enough_memory_for_a_delivery() -> Ending:
    with _memory(megabytes_more=64):
        return _ending(lambda: pa.repeat(pa.scalar("a text of some length"), 50_000_000).dictionary_encode())


@elsewhere(MEMORY, Code.OUT_OF_MEMORY, "Out of Memory")
def the_database_engine_has_not_enough_memory() -> Ending:
    def act() -> None:
        with duckdb.connect(config={"memory_limit": "8MB", "max_temp_directory_size": "0MB"}) as connection:
            connection.execute(
                "create table t as select random()::text as a from range(5_000_000) order by a"
            )

    return _ending(act)


@contextlib.contextmanager
def _memory(megabytes_more: int) -> Iterator[None]:
    """Let this process take only so much more than it has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + megabytes_more * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


# --- the gate and the contracts


@on_ground(GATE, Code.GATE_REFUSED, "check unique failed")
def a_check_fails(ground: Ground) -> Iterator[Ending]:
    from tests.drill import miniature

    real = miniature.decide

    def wrong(*arguments: object) -> object:
        candidate, verdicts = real(*arguments)  # type: ignore[arg-type]
        return candidate, [
            replace(one, is_passed=False, failing_rows=3) if one.check == "unique" else one
            for one in verdicts
        ]

    with patch.object(miniature, "decide", wrong):
        yield ground.run_day()


@on_ground(GATE, Code.GATE_REFUSED, "was not made")
def a_check_is_not_made(ground: Ground) -> Iterator[Ending]:
    from tests.drill import miniature

    real = miniature.decide

    def forgetful(*arguments: object) -> object:
        candidate, verdicts = real(*arguments)  # type: ignore[arg-type]
        return candidate, verdicts[1:]

    with patch.object(miniature, "decide", forgetful):
        yield ground.run_day()


@elsewhere(GATE, Code.CONTRACT_BROKEN, "does not keep its contract")
def a_table_of_the_science_breaks_its_contract() -> Ending:
    frame = pd.DataFrame({name: pd.Series(dtype="object") for name in POLICY.column_names})
    return _ending(lambda: POLICY.validate(frame))


# --- solvers


def _solved(word: str) -> Ending:
    """What becomes of a network whose solver ends in a word of HiGHS's."""
    problem = small_problem(12, items=3, locations=2, rows=1)
    empty = np.empty(0)

    def ends(*_: object, **__: object) -> SolverEnding:
        return SolverEnding(word, empty, empty, empty, -np.inf, "highs 0")

    with patch("optimization.solver.highs.call", ends):
        found = solve_network(problem, _PARAMETERS, map)
    return Ending(Code.OK, f"{found.status}: {found.detail}")


@elsewhere(SOLVER, Code.OK, "FALLBACK: ")
def a_solver_runs_out_of_time() -> Ending:
    return _solved("kTimeLimit")


@elsewhere(SOLVER, Code.OK, "FALLBACK: ")
def a_solver_runs_out_of_memory() -> Ending:
    return _solved("kMemoryLimit")


@elsewhere(SOLVER, Code.OK, "FALLBACK: ")
def a_solver_does_not_know() -> Ending:
    return _solved("kUnknown")


@elsewhere(SOLVER, Code.OK, "FEASIBLE_WITH_SLACK")
def a_model_cannot_be_kept() -> Ending:
    problem = small_problem(12, items=3, locations=2, rows=1)
    rows = replace(problem.rows, capacity=np.array([-4.0]), base_use=np.array([2.0]))
    found = solve_network(replace(problem, rows=rows), _PARAMETERS, map)
    return Ending(Code.OK, found.status)


@elsewhere(SOLVER, Code.CONTRACT_BROKEN, "holds nan at position 0")
def a_number_of_a_model_is_none() -> Ending:
    problem = small_problem(12, items=3, locations=2, rows=1)
    spoiled = replace(problem, curves=replace(problem.curves, mean=problem.curves.mean * np.nan))
    return _ending(lambda: solve_network(spoiled, _PARAMETERS, map))


@elsewhere(SETTINGS, Code.CONFIGURATION, "first_business_date")
def a_date_lies_before_the_first_of_the_installation() -> Ending:
    from orchestration.defs.resources import Pipeline
    from orchestration.run import _check_partition
    from orchestration.settings import Settings

    with tempfile.TemporaryDirectory() as home:
        return _ending(lambda: _check_partition(Pipeline(Settings(home=Path(home))), date(1970, 1, 1)))
