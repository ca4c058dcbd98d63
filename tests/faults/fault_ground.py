"""Where a fault is made: an installation with one date published, and the files of the next date delivered.

The parts are Stockplan's own, as in the miniature of the drills; its source are files, so that a delivery can
be damaged byte by byte. `run` does what a day does, and returns how it ended.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from orchestration.ims.files import FilesConnector
from orchestration.lake.inputs import check_sealed_files, collect_inputs
from orchestration.lake.locks import day_lock
from orchestration.lake.parquet import read_arrow, write_arrow
from orchestration.lake.paths import Lake
from orchestration.outcomes import Code, code_of
from orchestration.publish.room import check_room
from orchestration.publish.shelf import pointed_id, releases
from orchestration.settings import Settings
from tests.drill.invariants import Home, after_a_death, when_done
from tests.drill.miniature import Miniature, MiniatureSource

BEFORE, DAY = date(2024, 1, 1), date(2024, 1, 2)
AS_TEXT = ("item", "demand_line")


@dataclass(frozen=True)
class Ending:
    """How a run, or a command, ended: the code, and all that was said."""

    code: Code
    text: str
    snapshot_id: str = ""


@dataclass
class Ground(Miniature):
    """One installation fed by the files of an inbox; `changes` are settings other than the defaults."""

    inbox: Path = Path()
    changes: dict[str, Any] = field(default_factory=dict)
    mapping: Path | None = None

    @property
    def settings(self) -> Settings:
        """Its settings."""
        return super().settings.model_copy(update=self.changes)

    def file(self, name: str, day: date = DAY) -> Path:
        """The delivered file of a table."""
        return self.inbox / day.isoformat() / f"{name}.{'csv' if name in AS_TEXT else 'parquet'}"

    def rewrite(self, name: str, change: Callable[[pa.Table], pa.Table]) -> None:
        """Deliver a table otherwise."""
        path = self.file(name)
        if name in AS_TEXT:
            pacsv.write_csv(change(pacsv.read_csv(path)), path)
        else:
            write_arrow(change(read_arrow(path)), path)

    def cells(self, name: str, column: str, value: object, rows: int = 1) -> None:
        """Deliver a table with `value` in a column of its first rows."""

        def change(table: pa.Table) -> pa.Table:
            values = table.column(column).to_pylist()
            values[:rows] = [value] * rows
            try:
                changed = pa.array(values, table.field(column).type)
            except (pa.ArrowInvalid, pa.ArrowTypeError):
                changed = pa.array([None if one is None else str(one) for one in values])
            return table.set_column(table.column_names.index(column), column, changed)

        self.rewrite(name, change)

    def edit(self, name: str, change: Callable[[bytes], bytes]) -> None:
        """Change the bytes of a delivered file."""
        path = self.file(name)
        path.write_bytes(change(path.read_bytes()))

    def deliver(self, day: date, edition: int = 1) -> None:
        """Put the files of a business date into the inbox."""
        deliver(self.inbox, [day], edition)

    def run_day(self, day: date = DAY) -> Ending:
        """Do one business date as the pipeline does, from the room on the disk to the release."""
        try:
            lake, settings = self.lake, self.settings
            self.source = FilesConnector(self.inbox, self.mapping)  # type: ignore[assignment]
            with day_lock(lake, day):
                check_room(lake, settings)
                outcome = self.seal(day)
                sealed = outcome.snapshot_or_raise()
                check_sealed_files(collect_inputs(lake, day), lake)
                published = self.release(day)
        except (Exception, KeyboardInterrupt) as error:
            return Ending(code_of(error), str(error))
        quarantine = lake.root / sealed.quarantine_file
        rules = (
            [
                f"{row['table_name']}.{row['column_name']}: {row['rule']}"
                for row in read_arrow(quarantine).to_pylist()
            ]
            if sealed.quarantine_file
            else []
        )
        told = [outcome.state, published.state, f"version {sealed.version}", *outcome.notes, *rules]
        return Ending(Code.OK, "; ".join(told), sealed.snapshot_id)


def deliver(inbox: Path, days: Sequence[date], edition: int = 1) -> None:
    """Write the miniature's tables of some dates as files; events of a later date are its own alone."""
    source = MiniatureSource.of(days, dict.fromkeys(days, edition))
    for day in days:
        snapshot = source.extract(day, None if day == BEFORE else date.fromordinal(day.toordinal() - 1))
        folder = inbox / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in snapshot.tables.items():
            if name in AS_TEXT:
                pacsv.write_csv(table, folder / f"{name}.csv")
            else:
                write_arrow(table, folder / f"{name}.parquet")


@dataclass(frozen=True)
class Template:
    """An installation to copy, what its release is, and what an undisturbed run of the next date comes to."""

    folder: Path
    old: str
    expected: Home

    @classmethod
    def build(cls, folder: Path) -> Template:
        """Publish the first date, deliver the second, and see what becomes of it undisturbed."""
        ground = Ground(folder / "home", MiniatureSource({}), inbox=folder / "inbox")
        deliver(ground.inbox, [BEFORE, DAY])
        assert ground.run_day(BEFORE).code == Code.OK
        old = pointed_id(ground.lake)
        shutil.copytree(folder, folder.with_name("undisturbed"), symlinks=True)
        undisturbed = Ground(
            folder.with_name("undisturbed") / "home", MiniatureSource({}), inbox=folder / "inbox"
        )
        ending = undisturbed.run_day()
        assert ending.code == Code.OK, ending.text
        return cls(folder, old, Home.of(undisturbed.home))

    def copy(self, to: Path) -> Ground:
        """Return an installation of its own."""
        shutil.copytree(self.folder, to, symlinks=True)
        return Ground(to / "home", MiniatureSource({}), inbox=to / "inbox")

    def faults_after(self, ground: Ground) -> list[str]:
        """What is not as it must be after a run that published nothing."""
        return after_a_death(ground.home, {self.old}, {self.old})

    def faults_when_mended(self, ground: Ground) -> list[str]:
        """Mend the delivery, run the date again, and say what is not as in an undisturbed installation."""
        shutil.rmtree(ground.inbox)
        shutil.copytree(self.folder / "inbox", ground.inbox)
        ground.changes.clear()
        ground.mapping = None
        ending = ground.run_day()
        if ending.code != Code.OK:
            return [f"the run after it ended in {ending.code}: {ending.text}"]
        return when_done(ground.home, self.expected)


def release_tables(lake: Lake) -> list[Path]:
    """Return the files of the newest release."""
    return sorted(releases(lake)[-1].tables.values())


def flip(path: Path, at: int, bit: int = 0) -> None:
    """Turn one bit of a file."""
    mode = path.stat().st_mode
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= 1 << bit
    path.write_bytes(content)
    path.chmod(mode)


@contextmanager
def another_user(folder: Path) -> Iterator[None]:
    """Go on as a user whom the rights of files bind, who owns `folder`; root is bound by none."""
    if os.geteuid() != 0:
        yield
        return
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, 65534, 65534, follow_symlinks=False)
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that another user can be let into, on the real disk."""
    folder = Path(tempfile.mkdtemp(prefix="stockplan-disk-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def small_disk(mebibytes: int) -> Iterator[Path | None]:
    """A disk of its own, of some MiB; None where none may be mounted: the real one is never filled."""
    with open_folder() as folder:
        if not _mount(folder, mebibytes):
            yield None
            return
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def _mount(folder: Path, mebibytes: int) -> bool:
    if (mount := shutil.which("mount")) is None:
        return False
    order = [mount, "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)]
    return subprocess.run(order, capture_output=True, check=False).returncode == 0


def in_a_process(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
