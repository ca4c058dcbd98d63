"""The process that works on a run: told with the run, alone on its business date."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date

from orchestration.lake.locks import day_lock
from orchestration.lake.paths import Lake
from orchestration.processes import ProcessIdentity, end_orphans, this_process

_WORKER_TAG = "stockplan/worker"
# The variable by which dbt is told its work folder; see `orchestration.dbt_build`.
_WORK_VARIABLE = "STOCKPLAN_WORK"


def worker_tags(run_id: str) -> dict[str, str]:
    """Return the tags by which a run tells that this process works on it."""
    return {_WORKER_TAG: json.dumps({**asdict(this_process()), "run_id": run_id}, sort_keys=True)}


def worker_of(run_id: str, tags: Mapping[str, str]) -> ProcessIdentity | None:
    """Return the process that a run's tags tell, None when none has told itself yet.

    A run that is run again hands its tags to the new one, whose worker is another.
    """
    try:
        told = json.loads(tags[_WORKER_TAG])
        return ProcessIdentity(**told) if told.pop("run_id") == run_id else None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


@contextmanager
def alone_on(lake: Lake, as_of: date, run_id: str) -> Iterator[None]:
    """Hold the business date, and first end what a killed run left working in its folder.

    A dbt that outlives its run keeps the work file locked. Raises `AlreadyRunningError` when another
    run holds the date.
    """
    with day_lock(lake, as_of, run_id):
        end_orphans(_WORK_VARIABLE, str(lake.build_dir(as_of).resolve()))
        yield
