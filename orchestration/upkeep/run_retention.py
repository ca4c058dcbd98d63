"""Old runs leave Dagster's storage, with all that is kept of them; what they published stays.

Dagster removes old ticks itself, runs never. Of a deleted run it leaves the evaluations of checks, and
with SQLite the run's own file and the space in the others.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

import dagster as dg
import sqlalchemy

_REMOVABLE = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]
_BATCH = 200
# A file is rewritten when this share of it is empty: rewriting needs its size once more on the disk.
_EMPTY_SHARE = 0.25
_BUSY_SECONDS = 5.0


def remove_old_runs(instance: dg.DagsterInstance, folder: Path, before: datetime) -> int:
    """Remove every run that was created before a time and is not under way; return how many.

    `folder` is Dagster's home, where SQLite has a file per run.
    """
    removed = 0
    old = dg.RunsFilter(statuses=_REMOVABLE, created_before=before)
    while records := instance.get_run_records(old, limit=_BATCH, ascending=True):
        for record in records:
            run_id = record.dagster_run.run_id
            instance.delete_run(run_id)
            _remove_check_evaluations(instance, run_id)
            for suffix in ("", "-wal", "-shm"):
                (folder / "history" / "runs" / f"{run_id}.db{suffix}").unlink(missing_ok=True)
            removed += 1
    return removed


def shrink(folder: Path) -> int:
    """Give the disk back what deleted rows left empty in SQLite's files; return how many bytes.

    A file that somebody is writing is left for the next time.
    """
    files = [
        folder / "history" / "runs.db",
        *folder.glob("history/runs/index.db"),
        *folder.glob("schedules/*.db"),
    ]
    return sum(_shrink(file) for file in files if file.is_file())


def remove_old_files(folder: Path, pattern: str, before: datetime) -> int:
    """Remove the files of a folder that were last written before a time; return how many."""
    old = [path for path in folder.glob(pattern) if path.stat().st_mtime < before.timestamp()]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _remove_check_evaluations(instance: dg.DagsterInstance, run_id: str) -> None:
    statement = sqlalchemy.text("delete from asset_check_executions where run_id = :run_id")
    with instance.event_log_storage.index_connection() as connection:  # type: ignore[attr-defined]
        connection.execute(statement, {"run_id": run_id})


def _shrink(file: Path) -> int:
    before = file.stat().st_size
    with (
        suppress(sqlite3.OperationalError),
        closing(sqlite3.connect(file, timeout=_BUSY_SECONDS)) as database,
    ):
        pages = database.execute("pragma page_count").fetchone()[0]
        empty = database.execute("pragma freelist_count").fetchone()[0]
        if empty > pages * _EMPTY_SHARE:
            database.execute("vacuum")
        database.execute("pragma wal_checkpoint(truncate)")
    return max(0, before - file.stat().st_size)
