"""What tests share: installations and servers, each made once per session and worker on first use."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from orchestration.run import DayResult
from tests.pipelines import SMALL_DAYS, SmallSource, Workshop, open_workshop, stockplan
from tests.servers import PostgresServer

# The same examples in every run; HYPOTHESIS_PROFILE=default looks for new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# The installation that the tests of a file share; its files run in one worker, one after the other.
SHARED = {
    "tests/integration/test_demo_release.py": "demo",
    "tests/integration/test_evidence.py": "demo",
    "tests/integration/test_foreign_example.py": "foreign",
    "tests/faults/test_crash.py": "foreign",
    "tests/faults/test_gate.py": "small",
    "tests/faults/test_arrivals.py": "small",
    "tests/security/test_no_pickles.py": "small",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give a worker whole files, and all files of one installation, so that it is built once.

    Groups by mark (`--dist loadgroup`) have no effect with this version of pytest: xdist renames
    the tests for them, and pytest no longer lets it.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByInstallation(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return SHARED.get(file, file)

    return ByInstallation(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that run the pipeline."""
    for item in items:
        if item.nodeid.split("::", 1)[0] in SHARED:
            item.add_marker(pytest.mark.integration)


@dataclass(frozen=True)
class Demo:
    """The demo after its last two dates were run, the newest last, and an earlier one once more."""

    workshop: Workshop
    first: DayResult
    newest: DayResult
    first_again: DayResult


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The real vehicles, two dates in order and the first of them again."""
    before, last = date(2023, 6, 14), date(2023, 6, 15)
    with open_workshop(tmp_path_factory.mktemp("demo")) as workshop:
        yield Demo(workshop, workshop.run(before), workshop.run(last), workshop.run(before))


@dataclass(frozen=True)
class Small:
    """The small source, its newest date run once."""

    workshop: Workshop
    source: SmallSource
    newest: DayResult


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    """Six items at four locations. Tests that run it again do so in homes of their own."""
    source = SmallSource()
    with open_workshop(tmp_path_factory.mktemp("small"), source) as workshop:
        yield Small(workshop, source, workshop.run(SMALL_DAYS[-1]))


@dataclass(frozen=True)
class Foreign:
    """The wholesaler's files after `stockplan init` and `stockplan run`, each a process of its own."""

    home: Path
    mapping: Path
    settings: dict[str, str]
    init: subprocess.CompletedProcess[str]
    run: subprocess.CompletedProcess[str]


FOREIGN_INBOX = Path(__file__).parent / "data" / "foreign"
FOREIGN_DAY = "2024-03-01"


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Foreign:
    """A folder of CSV files with other column names, from the draft of a mapping to a release."""
    folder = tmp_path_factory.mktemp("foreign")
    home, mapping = folder / "home", folder / "mapping.yaml"
    init = stockplan("init", str(FOREIGN_INBOX), "--out", str(mapping), home=home)
    settings = {
        "STOCKPLAN_SOURCE__CONNECTOR": "files",
        "STOCKPLAN_SOURCE__INBOX": str(FOREIGN_INBOX),
        "STOCKPLAN_SOURCE__MAPPING": str(mapping),
        "STOCKPLAN_FIRST_BUSINESS_DATE": FOREIGN_DAY,
        "STOCKPLAN_TODAY": "2024-03-02",
    }
    return Foreign(home, mapping, settings, init, stockplan("run", home=home, **settings))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this worker. Tests that stop it or change its roles start their own."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    """The name of an empty database of one test."""
    name = postgres.create_database()
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def module_database(postgres: PostgresServer) -> Iterator[str]:
    """The name of an empty database that the tests of one module share."""
    name = postgres.create_database()
    yield name
    postgres.drop_database(name)
