"""Making a release again: a home of its own, the same inputs and settings, and the real job.

The installation's own home is only read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.defs.resources import Pipeline
from orchestration.evidence.releases.reproduction import (
    Circumstance,
    Reproduction,
    ReproductionError,
    circumstances,
    compare,
    lay_out_inputs,
)
from orchestration.ims.connector import Snapshot, SnapshotMissingError
from orchestration.lake.paths import Lake
from orchestration.production_settings import AlertSettings, DagsterSettings, ServingSettings
from orchestration.publish.shelf import Release, release_named
from orchestration.run import DayFailed, open_instance, run_day
from orchestration.settings import Settings


@dataclass
class SealedOnly:
    """A source that no longer has anything: what is sealed is all there is."""

    name: str

    def business_dates(self) -> Sequence[date]:
        """Return no date."""
        return ()

    def fingerprint(self, as_of: date) -> str:
        """Return the same for every date: nothing is ever delivered."""
        return ""

    def extract(self, as_of: date, since: date | None) -> Snapshot:
        """Raise `SourceError`: a release is made again from its sealed snapshots alone."""
        raise SnapshotMissingError(f"{as_of} is not sealed in this home, and a reproduction asks no source")


def reproduce(release: Release, lake: Lake, settings: Settings, scratch: Path) -> Reproduction:
    """Make `release` of `lake` again in the empty folder `scratch` and compare every table's hash.

    Settings are those that the manifest states; of an older manifest, which has their hash alone,
    `settings`. Raises `ReproductionError` when an input is gone or changed, or the run fails.
    """
    before = circumstances(release, settings)
    home = Lake(scratch.resolve())
    if scratch.exists() and any(scratch.iterdir()):
        raise ReproductionError(f"{scratch} is not empty; name a new folder")
    lay_out_inputs(release, lake, home)
    pipeline = Pipeline(_settings_of(release, settings, home.root), actor="reproduce")
    pipeline.connector = SealedOnly(release.manifest["snapshots"][-1]["source"])
    with _dagster_home(), open_instance(pipeline) as instance:
        try:
            made = run_day(pipeline, release.as_of, instance)
            again = made.release
        except DayFailed as failure:
            # Only what people open is missing then, and nobody opens it here.
            if not failure.published:
                raise ReproductionError(_why(release, before, failure)) from failure
            again = release_named(home, failure.published)
    return compare(release, again.tables, again.manifest["borders"], before)


def _settings_of(release: Release, settings: Settings, home: Path) -> Settings:
    """The release's settings with this machine's way of running, in another home."""
    recorded = release.manifest.get("settings") or settings.deciding()
    # Where a customer's column names lie is no part of the content, and the file may be gone.
    shown = {**recorded, "release": {**recorded["release"], "export_columns": None}}
    return Settings(
        **shown,
        home=home,
        execution=settings.execution,
        first_business_date=min(settings.first_business_date, release.as_of),
        today=settings.today,
        openlineage=False,
        # Neither the installation's databases nor whoever is paged has to do with it.
        dagster=DagsterSettings(),
        serving=ServingSettings(),
        alerts=AlertSettings(),
    )


def _why(release: Release, before: Sequence[Circumstance], failure: DayFailed) -> str:
    told = "".join(f"\n  {one}" for one in before)
    return f"{release.release_id} could not be made again: {failure}" + (
        f"\nWhat is otherwise than it was:{told}" if told else ""
    )


@contextmanager
def _dagster_home() -> Iterator[None]:
    """Give Dagster's own home back to whoever comes next in this process."""
    before = os.environ.get("DAGSTER_HOME")
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("DAGSTER_HOME", None)
        else:
            os.environ["DAGSTER_HOME"] = before
