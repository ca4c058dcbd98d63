"""Whole pipelines for tests: where they keep their lake, what feeds them, how releases are read.

`SmallSource` is the tiny source of `tests.factories` behind the interface of a connector; a test
may change what it delivers. One business date of it costs a tenth of the demo's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pyarrow as pa

from orchestration.defs.resources import Pipeline
from orchestration.ims.connector import Snapshot, short_hash
from orchestration.lake.parquet import read_arrow
from orchestration.publish.shelf import Release, pointed_id
from orchestration.run import DayResult, open_instance, run_day
from orchestration.settings import PROJECT_ROOT, Settings
from tests.factories import SMALL_AS_OF, small_snapshot

SMALL_DAYS = (SMALL_AS_OF - timedelta(days=1), SMALL_AS_OF)
Change = Callable[[Mapping[str, pa.Table]], Mapping[str, pa.Table]]


@dataclass
class SmallSource:
    """A connector whose tables come from `small_snapshot`, changed per date by `changes`."""

    changes: dict[date, Change] = field(default_factory=dict)
    name: str = "small"

    def business_dates(self) -> Sequence[date]:
        return SMALL_DAYS

    def fingerprint(self, as_of: date) -> str:
        return short_hash(as_of, as_of in self.changes)

    def extract(self, as_of: date, since: date | None) -> Snapshot:
        snapshot = small_snapshot(as_of, since)
        change = self.changes.get(as_of)
        return replace(snapshot, tables=change(snapshot.tables)) if change else snapshot


@dataclass
class Workshop:
    """A pipeline with its own home and Dagster history."""

    pipeline: Pipeline
    instance: dg.DagsterInstance

    def run(self, as_of: date) -> DayResult:
        """Run one business date through the real job."""
        return run_day(self.pipeline, as_of, self.instance)

    @property
    def current(self) -> str:
        """The id that the pointer names, empty before the first release."""
        return pointed_id(self.pipeline.lake)

    def events(self, family: str) -> list[tuple[str, str]]:
        """Type and subject of every ledger event of a family, in order."""
        return [(event.event_type, event.subject) for event in self.pipeline.ledger.events(family)]


@contextmanager
def open_workshop(home: Path, source: SmallSource | None = None) -> Iterator[Workshop]:
    """Yield a workshop at `home`; without a source it is fed by the committed demo."""
    pipeline = Pipeline(Settings(home=home), actor="test")
    if source is not None:
        pipeline.connector = source
    with open_instance(pipeline) as instance:
        yield Workshop(pipeline, instance)


def published(release: Release, table: str) -> pd.DataFrame:
    """Return one published table of a release."""
    frame: pd.DataFrame = read_arrow(release.table(table)).to_pandas()
    return frame


def command(home: Path, **environment: str) -> dict[str, str]:
    """Return the environment in which a user's shell would run Stockplan with its home at `home`."""
    ours = ("STOCKPLAN_", "DAGSTER_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**own, "STOCKPLAN_HOME": str(home), "COLUMNS": "200", "PYTHONUNBUFFERED": "1", **environment}


def stockplan(
    *arguments: str, home: Path, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, as a user does."""
    return subprocess.run(
        [*STOCKPLAN, *arguments],
        env=command(home, **environment),
        cwd=cwd or PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,  # a whole day on a machine that is busy with others
    )


STOCKPLAN = (sys.executable, "-c", "from orchestration.cli import main; main()")
