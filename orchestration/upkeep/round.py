"""One round of upkeep: lost runs, publications that died, decisions, an overdue release, what is too old.

Each part can be had alone. Whoever asks says how a refusal gets into the ledger; what is published is never
touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from optimization.errors import StockplanError
from orchestration.lake.locks import AlreadyRunningError
from orchestration.lake.paths import Lake
from orchestration.outcomes import Code, code_of
from orchestration.publish.release import repair
from orchestration.publish.shelf import release_of_run
from orchestration.settings import Settings
from orchestration.upkeep.alerts import Alert, forget_alerts, raise_alert, run_alert
from orchestration.upkeep.dagster_home import dagster_folder
from orchestration.upkeep.due import late_release
from orchestration.upkeep.reconciler import EndedRun, end_lost_runs
from orchestration.upkeep.run_retention import remove_old_files, remove_old_runs, shrink

# How a refusal is written into the ledger: business date, run, reason, reason code.
Refuse = Callable[[date, str, str, Code], None]


# How long another publisher is waited for, and how long the database may take in all; the next round is near.
_LOCK_WAIT_SECONDS = 5.0
_DECISIONS_SECONDS = 40.0
_LOCK_NOT_AVAILABLE = "55P03"
_DECISIONS = "decisions made in the database"


@dataclass(frozen=True)
class Mended:
    """What was done, or kept from being done, in words; `code` of the first failure, `OK` for none."""

    told: tuple[str, ...]
    code: Code


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
        made = None
        if run.as_of is not None:
            refuse(run.as_of, run.run_id, f"the run was lost: {run.message}", run.code)
            made = release_of_run(lake, run.as_of, run.run_id)
        told = f"{made.release_id} is published, but the run ended before it was done: " if made else ""
        raise_alert(run_alert(run.run_id, run.as_of, run.code, told + run.message), settings)
    return ended


def mend(settings: Settings, clock: Callable[[], datetime]) -> Mended:
    """Finish what a publication that died left undone, and take the database's decisions into the ledger.

    `clock`: the business time (UTC). What fails is told and keeps nothing else back; while another process
    publishes, that part is left to the next round.
    """
    return _attempted(("releases", _repaired(settings)), (_DECISIONS, _decided(settings, clock)))


def decide(settings: Settings, clock: Callable[[], datetime]) -> Mended:
    """Take the database's decisions into the ledger, as `mend` does, and nothing else."""
    return _attempted((_DECISIONS, _decided(settings, clock)))


def _attempted(*parts: tuple[str, Iterator[str]]) -> Mended:
    told: list[str] = []
    code = Code.OK
    for what, part in parts:
        try:
            # What was done before a failure is told as well.
            told.extend(part)
        except (StockplanError, OSError) as error:
            told.append(f"{what}: {error}")
            if code == Code.OK and not _is_anothers_turn(error):
                code = code_of(error)
    return Mended(tuple(told), code)


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


def _repaired(settings: Settings) -> Iterator[str]:
    yield from repair(Lake(settings.home.resolve()), settings, waits=False)


def _decided(settings: Settings, clock: Callable[[], datetime]) -> Iterator[str]:
    serving = settings.serving
    if not serving.is_set:
        return
    from orchestration.evidence.decisions.database import take_decisions
    from orchestration.evidence.decisions.desk import DecisionDesk

    limit = min(serving.deadline_seconds, _DECISIONS_SECONDS)
    brief = serving.model_copy(update={"deadline_seconds": limit})
    yield from map(str, take_decisions(DecisionDesk.of(settings, clock), brief, _LOCK_WAIT_SECONDS))


def _is_anothers_turn(error: Exception) -> bool:
    """Whether another process publishes, to the files or to the database."""
    return isinstance(error, AlreadyRunningError) or getattr(error, "sqlstate", None) == _LOCK_NOT_AVAILABLE
