"""Work that is cut item by item, in processes that may crash, hang or eat memory without harm to the run.

A foreman process, started afresh and with one thread only, loads what the work needs and forks the workers:
a new worker costs milliseconds. A part whose worker is lost is cut until single items are; an item that is
lost gets the result that the work has for lost items. What was lost to which item is remembered under a
digest of the item's data, so that it costs nothing again until that data changes.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isqrt
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from optimization.errors import StockplanError
from optimization.separable import Loss, Separable
from orchestration.lake.parquet import write_json

Integers = npt.NDArray[np.int64]

# One thread per worker: numeric libraries that start their own would fight for the same cores.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
_LOOK_SECONDS = 0.05
# A part of at most so many items is cut to single items at once.
_FEW = 100
_KEEP_DAYS = 400
_LEAVE_SECONDS = 5.0


@dataclass(frozen=True)
class Limits:
    """What an item, or a part of a batch, may cost: seconds in which its process ran or slept, memory in MiB.

    The time for which it waited for a processor does not count: a busy machine makes no item guilty.
    """

    seconds: float
    memory_mb: int


class ForemanLostError(StockplanError):
    """The process that watches the workers is gone; nothing of its batch is known."""


class Remembered:
    """Items that cost a worker, by the digest of their data; a file of the lake, which may be deleted."""

    def __init__(self, path: Path, as_of: date) -> None:
        self._path, self._as_of = path, as_of
        self._lost: dict[str, dict[str, str]] = _read(path)

    def known(self, keys: Sequence[str]) -> dict[int, Loss]:
        """Return the losses of those of `keys` that are known, by position."""
        return {row: Loss(self._lost[key]["loss"]) for row, key in enumerate(keys) if key in self._lost}

    def add(self, lost: dict[str, Loss]) -> None:
        """Remember what these keys were lost to; entries that were not seen for long are dropped."""
        if not lost:
            return
        seen = self._as_of.isoformat()
        # Read again: another date may be running beside this one.
        self._lost = _read(self._path) | {key: {"loss": loss, "seen": seen} for key, loss in lost.items()}
        least = date.fromordinal(self._as_of.toordinal() - _KEEP_DAYS).isoformat()
        kept = {key: entry for key, entry in self._lost.items() if entry["seen"] >= least}
        write_json(kept, self._path)


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {key: entry for key, entry in content.items() if Loss(entry["loss"]) and entry["seen"]}
    # What is remembered saves time and nothing else.
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


@contextlib.contextmanager
def isolated(
    work: Separable[Any, Any], workers: int, limits: Limits, remembered: Remembered | None = None
) -> Iterator[Callable[[Any], Any]]:
    """Yield `work` as a function of one batch that survives what its items do to their process.

    Raises `ForemanLostError` when the process that watches the workers dies itself.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    foreman = context.Process(target=_foreman, args=(theirs, work, workers, limits), daemon=False)
    with _one_thread():
        foreman.start()
    theirs.close()

    def run(batch: Any) -> Any:
        if len(batch) == 0:
            return work(batch)
        keys = work.keys(batch)
        known = remembered.known(keys) if remembered else {}
        try:
            ours.send((batch, known))
            result, lost = ours.recv()
        except (EOFError, OSError) as error:
            foreman.join(5)
            raise ForemanLostError(
                f"the process that runs {work.work.__module__} item by item ended with {foreman.exitcode} on "
                f"{len(batch)} items; run the day again, on a machine with more memory if it was killed (-9)"
            ) from error
        if isinstance(result, BaseException):
            raise result
        if remembered:
            remembered.add({keys[row]: loss for row, loss in lost.items()})
        return result

    try:
        yield run
    finally:
        # It ends by itself when nobody asks any more, unless it is amid a batch that nobody waits for.
        ours.close()
        foreman.join(_LEAVE_SECONDS)
        foreman.kill()
        foreman.join()


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Start processes with one thread each: their libraries read the environment when they are loaded."""
    before = dict(os.environ)
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name in ONE_THREAD:
            del os.environ[name]
        os.environ.update({name: before[name] for name in ONE_THREAD if name in before})


def _foreman(pipe: Connection, work: Separable[Any, Any], workers: int, limits: Limits) -> None:
    """Answer batches until the pipe is closed; runs in a process of its own."""
    _die_with_parent()
    # The group's interrupt is for the process that waits for the answers; it kills this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            batch, known = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(_Crew(work, batch, workers, limits).results(known))
        except Exception as error:
            pipe.send((error, {}))


@dataclass
class _Worker:
    """A forked process, its pipe, and the part that it is at."""

    process: BaseProcess
    pipe: Connection
    rows: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    looked: float = 0.0
    slept: float = 0.0
    ran_before: float = 0.0

    def begin(self, rows: Integers) -> None:
        self.rows, self.looked, self.slept, self.ran_before = rows, time.monotonic(), 0.0, self._ran()
        self.pipe.send(rows)

    def is_hung(self, limit: float) -> bool:
        """Look at the process; true once it ran or slept for longer than the limit."""
        now = time.monotonic()
        with contextlib.suppress(psutil.Error):
            if psutil.Process(self.process.pid).status() == psutil.STATUS_SLEEPING:
                self.slept += now - self.looked
        self.looked = now
        return max(self.slept, self._ran() - self.ran_before) > limit

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def _ran(self) -> float:
        try:
            used = psutil.Process(self.process.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(used.user + used.system)


class _Crew:
    """The workers of one batch."""

    def __init__(self, work: Separable[Any, Any], batch: Any, workers: int, limits: Limits) -> None:
        self._work, self._batch, self._limits = work, batch, limits
        self._most = max(workers, 1)
        self._done: dict[int, Any] = {}
        self._lost: dict[int, Loss] = {}
        self._todo: list[Integers] = []

    def results(self, known: dict[int, Loss]) -> tuple[Any, dict[int, Loss]]:
        """Return the result of the whole batch, and what was newly lost by position."""
        # Loaded and compiled once, here, rather than in every worker.
        self._work(self._work.harmless(self._batch))
        for row, loss in known.items():
            self._done[row] = self._work.lost(self._batch.take(np.array([row])), loss)
        rows = np.setdiff1d(np.arange(len(self._batch)), np.fromiter(known, dtype=np.int64, count=len(known)))
        # Parts without gaps, so that their results in order are the batch's.
        whole = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1)
        most = self._work.part_items
        self._todo = [part for run in whole for part in _cut(run, -(-len(run) // most))][::-1]
        crew: list[_Worker] = []
        try:
            while self._todo or any(len(each.rows) for each in crew):
                self._hand_out(crew)
                self._collect(crew)
        finally:
            for each in crew:
                each.end()
        return self._work.joined([self._done[row] for row in sorted(self._done)]), self._lost

    def _hand_out(self, crew: list[_Worker]) -> None:
        while self._todo and len(crew) < self._most:
            crew.append(self._hired())
        for each in crew:
            if self._todo and not len(each.rows):
                each.begin(self._todo.pop())

    def _hired(self) -> _Worker:
        # This process has one thread and has loaded everything, so a fork is safe and quick.
        context = get_context("fork")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work_on, args=(theirs, self._work, self._batch, self._limits))
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _collect(self, crew: list[_Worker]) -> None:
        busy = [each for each in crew if len(each.rows)]
        ready = set(map(id, wait([each.pipe for each in busy], timeout=_LOOK_SECONDS)))
        for each in busy:
            if id(each.pipe) in ready:
                try:
                    result = each.pipe.recv()
                except (EOFError, OSError):
                    self._lose(crew, each, Loss.CRASHED)
                    continue
                self._done[int(each.rows[0])], each.rows = result, each.rows[:0]
            elif each.is_hung(self._limits.seconds):
                self._lose(crew, each, Loss.HUNG)

    def _lose(self, crew: list[_Worker], worker: _Worker, loss: Loss) -> None:
        """Part with a worker: its part is cut and done again, or its one item is lost."""
        worker.end()
        crew.remove(worker)
        rows = worker.rows
        if len(rows) == 1:
            row = int(rows[0])
            if loss is Loss.CRASHED and worker.process.exitcode == -signal.SIGKILL:
                # Nobody here killed it: the system did, for want of memory.
                loss = Loss.MEMORY
            self._lost[row] = loss
            self._done[row] = self._work.lost(self._batch.take(rows), loss)
        else:
            self._todo += _cut(rows, len(rows) if len(rows) <= _FEW else isqrt(len(rows)))[::-1]


def _cut(rows: Integers, parts: int) -> list[Integers]:
    return [part for part in np.array_split(rows, max(parts, 1)) if len(part)]


def _work_on(pipe: Connection, work: Separable[Any, Any], batch: Any, limits: Limits) -> None:
    """Answer parts of the batch until the pipe is closed; runs in a worker."""
    _die_with_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        most = psutil.Process().memory_info().data + limits.memory_mb * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    while True:
        try:
            rows = pipe.recv()
        except EOFError:
            return
        pipe.send(work(batch.take(rows)))


def _die_with_parent() -> None:
    """Ask the system to kill this process when the one that started it is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG


def isolating(
    workers: int, limits: Limits, remembered: Remembered | None = None
) -> Callable[[Separable[Any, Any], Sequence[Any]], Iterable[Any]]:
    """Return a mapper of separable work that survives its items; results come in the order of the batches."""

    def spread(work: Separable[Any, Any], batches: Sequence[Any]) -> Iterator[Any]:
        if not batches:
            return
        with isolated(work, workers, limits, remembered) as run:
            for batch in batches:
                yield run(batch)

    return spread
