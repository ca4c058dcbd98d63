"""Ten releases made again, each in a home of its own, and compared with their manifests table by table.

    python -m tests.benchmarks.reproduce [--releases 10] [--home FOLDER]

A fresh home is filled from a generated source: business dates in order, somebody reserving in between,
so that releases read those before them and the ledger. With `--home` the newest releases of an
installation are made again instead; the home itself is only read.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from orchestration.defs.resources import Pipeline
from orchestration.ims.connector import Snapshot, short_hash
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import releases
from orchestration.reproduce import reproduce
from orchestration.run import open_instance, run_day
from orchestration.settings import Settings
from tests.factories import SMALL_AS_OF, small_snapshot


@dataclass
class DailySource:
    """The small source of the tests on the last `n_days` dates."""

    n_days: int
    name: str = "small"

    def business_dates(self) -> list[date]:
        """Return the dates, ascending."""
        return [SMALL_AS_OF - timedelta(days=back) for back in reversed(range(self.n_days))]

    def fingerprint(self, as_of: date) -> str:
        """Return the same for a date whenever it is asked."""
        return short_hash(as_of)

    def extract(self, as_of: date, since: date | None) -> Snapshot:
        """Return the snapshot of a date."""
        return small_snapshot(as_of, since)


@contextmanager
def _filled(home: Path | None, n_releases: int) -> Iterator[tuple[Lake, Settings]]:
    """Give a home with releases: the one named, or a fresh one."""
    if home is not None:
        yield Lake(home.resolve()), Settings(home=home)
        return
    with tempfile.TemporaryDirectory(prefix="stockplan-") as folder:
        pipeline = Pipeline(Settings(home=Path(folder), openlineage=False), actor="benchmark")
        source = DailySource(n_releases)
        pipeline.connector = source
        with open_instance(pipeline) as instance:
            for day in source.business_dates():
                pipeline.ledger.append(
                    "allocation",
                    "reserve",
                    subject="PART-1",
                    business_date=day,
                    actor="benchmark",
                    payload={
                        "item_id": "PART-1",
                        "location_id": "EAST",
                        "segment_id": "RETAIL",
                        "units": 1.0,
                    },
                )
                print(f"published {run_day(pipeline, day, instance).release.release_id}", flush=True)
        yield pipeline.lake, pipeline.settings


def main() -> int:
    """Print one line per release, and how many were equal; exit 1 when one was not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--releases", type=int, default=10)
    parser.add_argument("--home", type=Path)
    arguments = parser.parse_args()
    equal = 0
    with _filled(arguments.home, arguments.releases) as (lake, settings):
        chosen = releases(lake)[-arguments.releases :]
        for release in chosen:
            with tempfile.TemporaryDirectory(prefix="stockplan-") as scratch:
                started = time.perf_counter()
                found = reproduce(release, lake, settings, Path(scratch) / "home")
            equal += found.is_equal
            differing = ", ".join(one.table for one in found.differing)
            print(
                f"{release.release_id}: {found.n_equal} of {found.n_tables} tables equal"
                f"{': ' + differing if differing else ''} ({time.perf_counter() - started:.0f} s, read "
                f"{len(release.manifest['earlier_releases'])} earlier releases, ledger up to event "
                f"{release.manifest['ledger_read'].get('seq')})",
                flush=True,
            )
    print(f"{equal} of {len(chosen)} releases have every hash of their manifest")
    return 0 if equal == len(chosen) else 1


if __name__ == "__main__":
    raise SystemExit(main())
