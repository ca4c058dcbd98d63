"""The reading processes of a drill, started, told where to read, and asked what they found."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from orchestration.settings import PROJECT_ROOT

_MOST_WAITING_SECONDS = 600.0


@dataclass(frozen=True)
class Read:
    """What a reader found: reads of all tables, those that were not of one release, and of how many."""

    reads: int
    mixed: int
    releases: int
    faults: list[str]
    slowest: float


class Readers:
    """One reading process beside whatever is done in the `with` block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "reader"

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True)
        self.read(self._folder)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.drill.reader", str(self._folder)], cwd=PROJECT_ROOT
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(timeout=60)

    def read(self, home: Path | str) -> None:
        """Let it read this installation, or the database at this address, from now on."""
        aside = self._folder / "home.aside"
        aside.write_text(str(home))
        aside.replace(self._folder / "home")

    @property
    def found(self) -> Read:
        """What it found so far."""
        try:
            return Read(**json.loads((self._folder / "found.json").read_text()))
        except FileNotFoundError:
            return Read(0, 0, 0, [], 0.0)

    def wait_for(self, reads: int) -> Read:
        """Return what it found as soon as it has read so often."""
        until = time.monotonic() + _MOST_WAITING_SECONDS
        while self.found.reads < reads and time.monotonic() < until and self._process.poll() is None:
            time.sleep(0.1)
        return self.found
