"""Runs whose worker is gone: failed, their slots freed, so that the next run can start.

Dagster's local launcher notices a worker that dies alone. When the whole tree dies with it (the machine
restarts, the service is killed), nobody is left who would: the run would stay "started" and its date
blocked. A run that takes too long is ended here too, with its processes: a run that is only marked as
failed goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import dagster as dg
import psutil

from orchestration.outcomes import Code
from orchestration.processes import end_process, this_process
from orchestration.upkeep.workers import worker_of

# In this time a worker that was launched has started and told itself, or its code server has died.
_CLAIM_SECONDS = 60.0
# Dagster's own monitor stops a run at the limit; what it could not stop is stopped here so much later.
_OVERTIME_SECONDS = 60.0
_CODE_SERVER_TAG = ".dagster/grpc_info"
_PARTITION_TAG = "dagster/partition"
_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True)
class EndedRun:
    """A run that was ended because nobody worked on it any more, or for too long."""

    run_id: str
    as_of: date | None
    code: Code
    message: str


def end_lost_runs(
    instance: dg.DagsterInstance,
    max_run_seconds: float,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[EndedRun]:
    """End every unfinished run whose worker is gone or that has run too long; return them.

    Only runs of this machine are judged by their process; of another machine's, only the time counts.
    """
    ended = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_UNFINISHED)):
        found = _judge(record, max_run_seconds, now().timestamp())
        if found is None:
            continue
        worker = worker_of(record.dagster_run.run_id, record.dagster_run.tags)
        if found[0] == Code.TIMED_OUT and worker is not None:
            end_process(worker)
        # Read again: it may have finished between the question and the answer.
        run = instance.get_run_by_id(record.dagster_run.run_id)
        if run is None or run.is_finished:
            continue
        _report(instance, run, found[1])
        ended.append(EndedRun(run.run_id, _business_date(run), *found))
    return ended


def _judge(record: dg.RunRecord, max_run_seconds: float, now: float) -> tuple[Code, str] | None:
    """Return why the run is to be ended, None when it is not."""
    run = record.dagster_run
    worker = worker_of(run.run_id, run.tags)
    if worker is not None and not worker.is_alive:
        return Code.WORKER_LOST, (
            f"process {worker.pid} on {worker.host} worked on it and is gone; run the date again, nothing "
            "that was published is touched"
        )
    if worker is None and _was_never_claimed(record, now):
        return Code.WORKER_LOST, (
            "no process ever worked on it, and the server that was to start one is gone; run it again"
        )
    took = now - record.start_time if record.start_time else 0.0
    if took > max_run_seconds + _OVERTIME_SECONDS and (worker is None or worker.pid != this_process().pid):
        return Code.TIMED_OUT, (
            f"it ran for {took:,.0f} s; dagster.max_run_seconds allows {max_run_seconds:,.0f}. Look at what "
            "the machine was busy with, then run the date again"
        )
    return None


def _was_never_claimed(record: dg.RunRecord, now: float) -> bool:
    """Whether the code server that launched the run is gone, and no worker has told itself in time."""
    told = record.dagster_run.tags.get(_CODE_SERVER_TAG)
    if told is None or now - record.create_timestamp.replace(tzinfo=UTC).timestamp() < _CLAIM_SECONDS:
        return False
    socket = json.loads(told).get("socket")
    # A server at a port may be on another machine; Dagster's own start time-out is left to judge it.
    return socket is not None and not _is_served(socket)


def _is_served(socket: str) -> bool:
    for process in psutil.process_iter():
        try:
            if socket in process.cmdline():
                return True
        except psutil.Error:
            continue
    return False


def _report(instance: dg.DagsterInstance, run: dg.DagsterRun, message: str) -> None:
    if run.status == dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, message)
    else:
        instance.report_run_failed(run, message)
    storage = instance.event_log_storage
    if storage.supports_global_concurrency_limits:
        storage.free_concurrency_slots_for_run(run.run_id)


def _business_date(run: dg.DagsterRun) -> date | None:
    told = run.tags.get(_PARTITION_TAG)
    return date.fromisoformat(told) if told else None
