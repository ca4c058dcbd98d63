"""One run per business date: who comes second is told who is there, and a holder that dies lets go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from orchestration.lake.locks import AlreadyRunningError, day_lock
from orchestration.lake.paths import Lake
from tests.processes import processes

DAY = date(2024, 1, 31)
HOLDER = """
import sys, time
from datetime import date
from pathlib import Path
from orchestration.lake.locks import day_lock
from orchestration.lake.paths import Lake
with day_lock(Lake(Path(sys.argv[1])), date(2024, 1, 31), "run-1"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def _holder(home: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_the_second_is_told_who_is_there_and_a_killed_holder_lets_go(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with _holder(tmp_path) as process:
        told = f"2024-01-31 .* process {process.pid} .*run run-1"
        with pytest.raises(AlreadyRunningError, match=told), day_lock(lake, DAY):
            pass
        with day_lock(lake, date(2024, 2, 1)):
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
        with day_lock(lake, DAY):
            pass
    assert list(lake.root.joinpath("locks").iterdir()) == []


def test_the_same_process_does_not_hold_a_date_twice(tmp_path: Path) -> None:
    with day_lock(Lake(tmp_path), DAY), pytest.raises(AlreadyRunningError), day_lock(Lake(tmp_path), DAY):
        pass


def test_a_lock_that_is_no_file_of_ours_is_not_followed(tmp_path: Path) -> None:
    path = Lake(tmp_path).day_lock(DAY)
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError), day_lock(Lake(tmp_path), DAY):
        pass
    assert not (tmp_path / "elsewhere").exists()


def _count_alone(home: Path, times: int) -> int:
    """Add to a number in a file, which only loses nothing when nobody else does so meanwhile."""
    file, done = home / "number", 0
    while done < times:
        try:
            with day_lock(Lake(home), DAY):
                file.write_text(str(int(file.read_text()) + 1))
                done += 1
        except AlreadyRunningError:
            continue
    return done


def test_of_many_at_once_one_holds_it(tmp_path: Path) -> None:
    """The file is removed each time, so that the next one may open the one that is being removed."""
    (tmp_path / "number").write_text("0")
    with processes(4) as workers:
        assert list(workers.map(_count_alone, [tmp_path] * 4, [40] * 4)) == [40] * 4
    assert (tmp_path / "number").read_text() == "160"
