"""Processes: which one this is, whether another one still lives, and how one is ended with its children.

A process is known by its number, by when it started and by the boot of the machine: numbers are given
again, and a process that was killed cannot say so itself. Nothing here knows what a process is for.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

# A process that was asked to end gets so long before it is killed.
_GRACE_SECONDS = 20.0


@dataclass(frozen=True)
class ProcessIdentity:
    """One process on one machine since its last boot; `started` is only ever compared."""

    pid: int
    started: str
    boot_id: str
    host: str

    @property
    def is_of_this_machine(self) -> bool:
        """Whether this machine can tell if the process lives."""
        return self.host == socket.gethostname()

    @property
    def is_alive(self) -> bool:
        """Whether it still runs; always true of another machine's, of which nothing is known here."""
        if not self.is_of_this_machine:
            return True
        return self.boot_id == _boot_id() and _started(self.pid) == self.started


def this_process() -> ProcessIdentity:
    """Return who is asking."""
    return ProcessIdentity(os.getpid(), _started(os.getpid()), _boot_id(), socket.gethostname())


def end_process(identity: ProcessIdentity, grace_seconds: float = _GRACE_SECONDS) -> bool:
    """End a process of this machine and all its children: asked first, killed after `grace_seconds`.

    Returns whether there was anything to end.
    """
    if not identity.is_of_this_machine or not identity.is_alive:
        return False
    try:
        parent = psutil.Process(identity.pid)
        family = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return False
    _end(family, grace_seconds)
    return True


def end_orphans(variable: str, value: str, grace_seconds: float = _GRACE_SECONDS) -> list[int]:
    """End the processes that were started with `variable` set to `value`; return their numbers.

    Whoever calls knows that nobody who lives has a claim on them. This process and those that started
    it are never ended.
    """
    spared = {os.getpid(), *(one.pid for one in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid not in spared and process.environ().get(variable) == value:
                found.append(process)
        except psutil.Error:
            continue  # gone meanwhile, or another user's
    _end(found, grace_seconds)
    return [process.pid for process in found]


def _end(processes: list[psutil.Process], grace_seconds: float) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in _left_after(processes, grace_seconds):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _left_after(processes, grace_seconds)


def _left_after(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until none of them runs, at most for `seconds`; return those that still do.

    One that ended and that its parent has not waited for counts as gone, which psutil's own waiting
    does not say.
    """
    deadline = time.monotonic() + seconds
    while (left := [one for one in processes if _runs(one)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _started(pid: int) -> str:
    """When a process started, as the kernel counts it; empty when there is no such process.

    Not as a time of day: that moves when the clock is set, and a living process would look like another.
    """
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return _started_elsewhere(pid)
    except (ProcessLookupError, PermissionError):
        return ""
    state, *fields = status.rsplit(")", 1)[1].split()
    # A process that ended and was not yet waited for is a zombie: it does nothing any more.
    return "" if state == "Z" else fields[18]


def _started_elsewhere(pid: int) -> str:
    if Path("/proc/self/stat").exists():
        return ""
    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return ""


@cache
def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(int(psutil.boot_time()))
