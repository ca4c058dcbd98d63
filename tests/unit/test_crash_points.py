"""Crash points: a process dies where it was told to, at the time it was told to, and nowhere else."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from orchestration.crash_points import CRASH_POINTS, arm, listen, reach, read_point
from orchestration.settings import PROJECT_ROOT, ExecutionSettings
from tests.pipelines import command

_REACHES_THREE_TIMES = """
from orchestration.crash_points import reach
from orchestration.settings import settings
settings()
for number in range(3):
    print(number, flush=True)
    reach("file.placed")
    reach("file.begun")
"""


@pytest.mark.parametrize(
    ("told", "said", "code"),
    [
        ("file.placed", "0", -signal.SIGKILL),
        ("file.placed:3", "0 1 2", -signal.SIGKILL),
        ("file.placed:4", "0 1 2", 0),
        ("ledger.begun", "0 1 2", 0),
    ],
)
def test_a_process_dies_at_the_point_that_its_environment_names(
    tmp_path: Path, told: str, said: str, code: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _REACHES_THREE_TIMES],
        env=command(tmp_path, STOCKPLAN_EXECUTION__CRASH_AT=told),
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.returncode) == (said.split(), code), done.stderr


@pytest.mark.parametrize("told", ["", "file", "file.placed:", "file.placed:0", "file.placed:x", "no.such:2"])
def test_a_name_that_is_no_crash_point_is_refused(told: str) -> None:
    if told == "file.placed:":
        assert read_point(told) == ("file.placed", 1)
        return
    with pytest.raises(ValueError, match="is no crash point"):
        arm(told)
    with pytest.raises(ValidationError, match="crash_at"):
        ExecutionSettings(crash_at=told)


def test_who_listens_is_told_and_nobody_dies() -> None:
    heard: list[str] = []
    listen(heard.append)
    try:
        reach("file.begun")
        reach("file.placed")
    finally:
        arm(None)
    reach("file.begun")
    assert heard == ["file.begun", "file.placed"]


def test_no_installation_is_armed() -> None:
    assert ExecutionSettings().crash_at is None
    assert "crash_at" not in (PROJECT_ROOT / "stockplan.yaml").read_text(encoding="utf-8")
    assert all(what for what in CRASH_POINTS.values())
