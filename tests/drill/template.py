"""Processes for drills, cheap enough to kill a thousand: forked from one that has imported everything.

`python -m tests.drill.template` is that one: it has no threads, opens nothing and waits for work, a line
of JSON with one or more jobs. Each job becomes a process with a process group of its own; all of a line
start at the same moment. `Template` is the other side of it.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from orchestration import crash_points
from orchestration.outcomes import code_of
from orchestration.settings import PROJECT_ROOT
from tests.drill import jobs

_POLL_SECONDS = 0.001


@dataclass(frozen=True)
class Job:
    """One process: what it does on which home, and when it dies.

    `does` names a function of `tests.drill.jobs`, `told` are its arguments. `crash_at` arms a crash point,
    `kill_after` (seconds) kills the whole process group, `listens` returns the points that were reached.
    What takes longer than `patience` (seconds) hangs: one date needs a quarter of a second.
    """

    does: str
    home: Path
    told: Mapping[str, Any] = field(default_factory=dict)
    crash_at: str | None = None
    kill_after: float | None = None
    listens: bool = False
    patience: float = 60.0


@dataclass(frozen=True)
class Ended:
    """How a process ended: `answer` is what its function returned, empty when it was killed."""

    was_killed: bool
    answer: Mapping[str, Any]
    seconds: float
    pid: int
    reached: Sequence[str] = ()

    @property
    def error(self) -> str:
        """The error that the function raised, empty for none."""
        return str(self.answer.get("error", ""))


class Template:
    """The process that forks; use it as a context."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.drill.template"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT_ROOT,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def run(self, *jobs_: Job) -> list[Ended]:
        """Run the jobs at the same time and return how each ended, in their order."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        told = [{**vars(job), "home": str(job.home), "told": dict(job.told)} for job in jobs_]
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        answered = self._process.stdout.readline()
        if not answered:
            raise RuntimeError("the template process is gone; read its error above")
        return [Ended(**one) for one in json.loads(answered)]


@dataclass
class _Running:
    pid: int
    answer: int
    kill_at: float
    is_to_die: bool
    status: int | None = None
    ended: float = 0.0


def _serve() -> None:
    """Fork for every line until there is none."""
    jobs.warm_up()
    # What is there now is never looked through again: a forked process would copy all of its memory.
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(_run_all(json.loads(line))), flush=True)


def _run_all(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    waiting, start = os.pipe()
    running = [_fork(one, waiting, start) for one in told]
    started = time.monotonic()
    for one in running:
        one.kill_at += started
    os.close(waiting)
    os.close(start)
    while any(one.status is None for one in running):
        for one in running:
            if one.status is None:
                _look_after(one)
        time.sleep(_POLL_SECONDS)
    return [_told(one, started) for one in running]


def _fork(told: dict[str, Any], waiting: int, start: int) -> _Running:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.close(start)
        os.close(reading)
        # Everybody starts when the last one is there and the other end is closed.
        os.read(waiting, 1)
        _work(told, writing)
    os.close(writing)
    after = told["kill_after"]
    return _Running(pid, reading, told["patience"] if after is None else after, after is not None)


def _work(told: dict[str, Any], writing: int) -> None:
    """Do one job in the forked process, tell its answer and end without cleaning up."""
    reached: list[str] = []
    try:
        if told["listens"]:
            crash_points.listen(reached.append)
        else:
            crash_points.arm(told["crash_at"])
        does = getattr(jobs, told["does"])
        answer = does(Path(told["home"]), **told["told"])
    except Exception as error:  # the drill judges every error
        answer = {"error": type(error).__name__, "message": str(error), "code": code_of(error)}
    content = json.dumps({"answer": answer, "reached": reached}).encode()
    while content:
        content = content[os.write(writing, content) :]
    os._exit(0)


def _look_after(one: _Running) -> None:
    pid, status = os.waitpid(one.pid, os.WNOHANG)
    if pid == 0 and time.monotonic() >= one.kill_at:
        try:
            os.killpg(one.pid, signal.SIGKILL)
        except ProcessLookupError:
            os.kill(one.pid, signal.SIGKILL)  # it has no group of its own yet
        pid, status = os.waitpid(one.pid, 0)
        if not one.is_to_die:
            raise TimeoutError("a job hangs: it did not end within its patience")
    if pid:
        one.status, one.ended = status, time.monotonic()


def _told(one: _Running, started: float) -> dict[str, Any]:
    assert one.status is not None
    with os.fdopen(one.answer, "rb") as answer:
        content = answer.read()
    was_killed = os.WIFSIGNALED(one.status) and os.WTERMSIG(one.status) == signal.SIGKILL
    if not was_killed and one.status != 0:
        raise RuntimeError(f"a job ended with the status {one.status}")
    told = {"answer": {}, "reached": []} if was_killed else json.loads(content)
    return {**told, "was_killed": was_killed, "seconds": one.ended - started, "pid": one.pid}


if __name__ == "__main__":
    _serve()
