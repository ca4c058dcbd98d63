"""One round of upkeep: lost runs, the release that is due, what is too old. Each part can be had alone.

Whoever asks says how a refusal gets into the ledger; what is published is never touched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from orchestration.lake.paths import Lake
from orchestration.outcomes import Code
from orchestration.publish.shelf import newest_of
from orchestration.settings import Settings
from orchestration.upkeep.alerts import Alert, forget_alerts, raise_alert, run_alert
from orchestration.upkeep.dagster_home import dagster_folder
from orchestration.upkeep.due import late_release
from orchestration.upkeep.reconciler import EndedRun, end_lost_runs
from orchestration.upkeep.run_retention import remove_old_files, remove_old_runs, shrink

# How a refusal is written into the ledger: business date, run, reason, reason code.
Refuse = Callable[[date, str, str, Code], None]


@dataclass(frozen=True)
class Cleaned:
    """What a cleaning removed."""

    runs: int
    alerts: int
    tracebacks: int
    freed_bytes: int


def reconcile(instance: dg.DagsterInstance, settings: Settings, refuse: Refuse) -> list[EndedRun]:
    """End the runs that nobody works on any more; ledger and alerts tell each. Returns them."""
    ended = end_lost_runs(instance, settings.dagster.max_run_seconds)
    lake = Lake(settings.home.resolve())
    for run in ended:
        made = _published_by(run, lake)
        if run.as_of is not None and not made:
            refuse(run.as_of, run.run_id, f"the run was lost: {run.message}", run.code)
        told = f"{made} is published, but the run ended before it was done: " if made else ""
        raise_alert(run_alert(run.run_id, run.as_of, run.code, told + run.message), settings)
    return ended


def watch_due(settings: Settings, now: datetime | None = None) -> Alert | None:
    """Raise the alert of a release that is due and not there; return it, new or told before."""
    late = late_release(settings, now or datetime.now(UTC))
    if late is not None:
        raise_alert(late, settings)
    return late


def clean(instance: dg.DagsterInstance, settings: Settings, now: datetime | None = None) -> Cleaned:
    """Remove runs, alerts and tracebacks that are older than `dagster.keep_run_days`."""
    before = (now or datetime.now(UTC)) - timedelta(days=settings.dagster.keep_run_days)
    folder = dagster_folder(settings)
    return Cleaned(
        runs=remove_old_runs(instance, folder, before),
        alerts=forget_alerts(settings, before),
        tracebacks=remove_old_files(settings.home.resolve() / "logs", "*.txt", before),
        freed_bytes=shrink(folder),
    )


def _published_by(run: EndedRun, lake: Lake) -> str:
    """Return the release that the run published before it ended; empty when it published none."""
    newest = newest_of(lake, run.as_of) if run.as_of is not None else None
    is_its = newest is not None and newest.manifest.get("run", {}).get("run_id") == run.run_id
    return newest.release_id if newest is not None and is_its else ""
