"""One run per business date on the machine, however it was started.

A lock of the kernel on a file: it is free as soon as its holder ends, whatever ends it, so nothing is
ever to be cleaned up. The file tells who holds it. Locks of single writes (ledger, sealing, shelf) stand
with what they guard.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from optimization.errors import StockplanError
from orchestration.lake.disk import told_by_path
from orchestration.lake.paths import Lake
from orchestration.processes import this_process


class AlreadyRunningError(StockplanError):
    """Another process works on the same business date; the message tells which."""


@contextmanager
def day_lock(lake: Lake, as_of: date, run_id: str = "") -> Iterator[None]:
    """Hold the business date for this process; the file tells its number, `run_id` and since when.

    Raises `AlreadyRunningError` at once when another holds it.
    """
    path = lake.day_lock(as_of)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _take(path, as_of)
    try:
        me = this_process()
        since = datetime.now(UTC).isoformat(timespec="seconds")
        told = {"pid": me.pid, "started": me.started, "host": me.host, "run_id": run_id, "since": since}
        with told_by_path(path):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(told).encode(), 0)
        yield
    finally:
        # Removed while it is held: whoever has opened it meanwhile sees that it is no longer the lock.
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _take(path: Path, as_of: date) -> int:
    """Return the locked file, opened, which is still the one that `path` names."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(path, descriptor):
                return descriptor
        except BlockingIOError as error:
            raise AlreadyRunningError(
                f"{as_of} is already being worked on by {_holder(descriptor)}. Wait until it has ended; "
                "nothing was started"
            ) from error
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _holder(descriptor: int) -> str:
    """Who holds the lock, as far as it has said so yet. Closes the file."""
    try:
        told = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        return "another process"
    finally:
        os.close(descriptor)
    run = f", run {told['run_id']}" if told["run_id"] else ""
    return f"process {told['pid']} on {told['host']}{run}, since {told['since']}"
