"""A process is known again, told dead when it is, and ended with what it has started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil

from orchestration import processes
from orchestration.processes import end_orphans, end_process, this_process

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
# Ignores the request to end, and has a child of its own.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def _identity_of(pid: int) -> processes.ProcessIdentity:
    return replace(this_process(), pid=pid, started=processes._started(pid))


def test_this_process_lives_and_another_with_its_number_does_not() -> None:
    me = this_process()
    assert me.is_alive
    assert not replace(me, started="1").is_alive
    assert not replace(me, boot_id="before the last boot").is_alive


def test_of_another_machine_nothing_is_known() -> None:
    elsewhere = replace(this_process(), host="elsewhere", started="1")
    assert elsewhere.is_alive
    assert not end_process(elsewhere)


def test_a_process_that_ended_is_dead_even_before_anybody_waits_for_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    identity = _identity_of(process.pid)
    deadline = time.monotonic() + 20
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not identity.is_alive
    process.wait()
    assert not identity.is_alive


def test_ending_kills_what_will_not_end_and_its_children() -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = _identity_of(int(process.stdout.readline()))
        assert end_process(_identity_of(process.pid), grace_seconds=0.3)
    assert process.returncode == -9
    assert not child.is_alive
    assert not end_process(_identity_of(process.pid))


def test_orphans_are_known_by_what_they_were_started_with(tmp_path: Path) -> None:
    ours = subprocess.Popen(SLEEPER, env={**os.environ, "STOCKPLAN_WORK": str(tmp_path)})
    other = subprocess.Popen(SLEEPER, env={**os.environ, "STOCKPLAN_WORK": str(tmp_path / "other")})
    try:
        assert end_orphans("STOCKPLAN_WORK", str(tmp_path)) == [ours.pid]
        assert ours.wait(timeout=10) != 0
        assert other.poll() is None
    finally:
        for process in (ours, other):
            process.kill()
            process.wait()
