"""Every crash point, in every piece of work that comes there, and what the next run makes of it.

A piece of work is prepared, done undisturbed once while it tells the points that it reaches, and then done
again from the same beginning for each of them, dying there.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.crash_points import CRASH_POINTS
from orchestration.lake.paths import Lake
from orchestration.publish.overlay_shelf import overlay_pointer
from tests.drill.databases import Database, Databases
from tests.drill.invariants import Home, after_a_death, living_in_group, when_done
from tests.drill.miniature import BROKEN, days
from tests.drill.report import Report
from tests.drill.template import Job, Template

# A date writes sixty files in the same way: of the times that a point is reached, so many are tried.
_TIMES_EACH = 6
_OF_SERVING = ("serving.", "schema.")
_DAYS = [day.isoformat() for day in days(4)]
_EDITIONS = dict.fromkeys(_DAYS, 1)


@dataclass(frozen=True)
class Work:
    """One piece of work: how its home is prepared, what is done, and what is done after a death.

    `refuses` is the error in which it ends undisturbed. `prepare` gets the home with two dates published.
    """

    name: str
    does: str
    told: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[Path], None] = lambda home: None
    refuses: str = ""


def _leave_torn(home: Path) -> None:
    with Lake(home).ledger_file.open("ab") as ledger:
        ledger.write(b'{"actor":"drill","business_date":"2024-01-0')


def _lay_overlay(home: Path) -> None:
    """Doors of an overlay as they stand when a newer release comes."""
    lake = Lake(home)
    (lake.overlays_dir / "gone" / "tables").mkdir(parents=True)
    overlay_pointer(lake).write_text("2024-01-02-1-00000000+1-00000000\n")
    lake.overlay_dir.symlink_to("overlays/gone/tables")


def _give_borders(home: Path) -> None:
    from orchestration.evidence.scenarios import INPUTS

    for table in INPUTS:
        file = Lake(home).border_file(table.name, days(2)[-1])
        file.parent.mkdir(parents=True)
        file.write_bytes(b"border")


def works() -> list[Work]:
    """All work whose crash points are tried."""
    day = {"day": _DAYS[2], "editions": _EDITIONS}
    restated = {"day": _DAYS[1], "editions": {**_EDITIONS, _DAYS[1]: 2}}
    refused = {"day": _DAYS[2], "editions": {**_EDITIONS, _DAYS[2]: BROKEN}}
    return [
        Work("a new date", "run", day),
        Work("a correction", "run", restated),
        Work("the same again", "run", {**day, "day": _DAYS[1]}),
        Work("a refusal", "run", refused, refuses="SnapshotRefused"),
        Work("after a torn append", "run", day, _leave_torn),
        Work("over an overlay", "run", day, _lay_overlay),
        Work("a roll-back", "roll_back"),
        Work("retention", "retire", {"keep_days": 1}, _two_more),
        Work("a scenario", "keep_scenario", {}, _give_borders),
    ]


def _two_more(home: Path) -> None:
    """Mark the home: retention needs a date that is old enough."""
    (home / "two more").touch()


def every_point(
    template: Template, folder: Path, report: Report, *, once: bool = False, seed: int = 1
) -> None:
    """Let every work die at every point that it reaches, some of the times that it does.

    `once`: every point in one work only, at one time chosen by `seed`.
    """
    dice, died, tried = random.Random(seed), Counter[str](), 0
    base = folder / "base"
    base.mkdir(parents=True)
    _must(template, Job("run_all", base, {"days": _DAYS[:2], "editions": _EDITIONS}))
    for work in works():
        start = folder / "start"
        _begin(base, start)
        work.prepare(start)
        if (start / "two more").exists():
            (start / "two more").unlink()
            _must(template, Job("run_all", start, {"days": _DAYS[2:], "editions": _EDITIONS}))
        done = folder / "done"
        _begin(start, done)
        (ended,) = template.run(Job(work.does, done, work.told, listens=True))
        if ended.error != work.refuses:
            raise RuntimeError(f"{work.name}, undisturbed: {ended.answer}")
        expected, before = Home.of(done), Home.of(start)
        reached = Counter(ended.reached)
        undeclared = set(reached) - set(CRASH_POINTS)
        for name in undeclared:
            report.miss(f"{name} is reached and not among the crash points")
        for point, nth in _times(reached, died if once else Counter(), dice, once=once):
            tried += 1
            home = folder / "home"
            _begin(start, home)
            (ended,) = template.run(Job(work.does, home, work.told, crash_at=f"{point}:{nth}"))
            faults = [] if ended.was_killed else [f"it did not die there: {ended.answer}"]
            died[point] += ended.was_killed
            faults += [f"I5 process {one} lives on" for one in living_in_group(ended.pid)]
            known = before.releases | expected.releases
            faults += after_a_death(home, {before.pointer, expected.pointer}, known)
            (ended,) = template.run(Job(work.does, home, work.told))
            faults += [] if ended.error == work.refuses else [f"the run after it: {ended.answer}"]
            faults += _settled(template, home, work, expected)
            for fault in faults:
                report.miss(f"{work.name}, killed at {point}:{nth}: {fault}")
    missing = sorted(set(points_tried()) - set(died))
    report.count(
        "crash points died at",
        len(died),
        exactly=len(points_tried()),
        note=f"{tried} deaths in {len(works())} pieces of work" + (f"; never: {missing}" if missing else ""),
    )
    shutil.rmtree(folder)


def points_tried() -> list[str]:
    """The crash points that work on files reaches."""
    return [name for name in CRASH_POINTS if not name.startswith(_OF_SERVING)]


def every_serving_point(
    template: Template, databases: Databases, folder: Path, report: Report, seed: int = 1
) -> None:
    """Let the making of the schema and the serving of a release die at every point of theirs.

    The fourth date is served to a database that has the three before, of which it keeps two, and to one
    that has nothing yet.
    """
    dice, died = random.Random(seed), Counter[str]()
    base, day = folder / "base", {"day": _DAYS[3], "editions": _EDITIONS}
    base.mkdir(parents=True)
    served = databases.clone()
    _must(
        template,
        Job("run_all", base, {"days": _DAYS[:3], "editions": _EDITIONS, "serving": served.publisher}),
    )
    for start in (served, databases.clone()):
        reached, expected = _reached_by_serving(template, databases, start, folder, day)
        pointers = {Home.of(base).pointer, expected.pointer}
        for point, times in sorted(reached.items()):
            if point in died:
                continue
            nth = dice.randint(1, times)
            home, database = folder / "home", databases.clone(start)
            _begin(base, home)
            told = {**day, "serving": database.publisher}
            (ended,) = template.run(Job("run", home, told, crash_at=f"{point}:{nth}"))
            died[point] += ended.was_killed
            faults = [] if ended.was_killed else [f"it did not die there: {ended.answer}"]
            faults += after_a_death(home, pointers, expected.releases)
            faults += databases.after_a_death(database, home, pointers)
            (ended,) = template.run(Job("run", home, told))
            faults += [f"the run after it: {ended.answer}"] if ended.error else []
            faults += when_done(home, expected) + databases.when_done(database, home)
            for fault in faults:
                report.miss(f"serving, killed at {point}:{nth}: {fault}")
            databases.drop(database)
    died.update(_schema_points(template, databases, folder, report))
    wanted = [name for name in CRASH_POINTS if name.startswith(_OF_SERVING)]
    missing = sorted(set(wanted) - set(died))
    report.count(
        "crash points of serving died at",
        len(died),
        exactly=len(wanted),
        note=f"never: {missing}" if missing else "",
    )
    shutil.rmtree(folder)


def _reached_by_serving(
    template: Template, databases: Databases, served: Database, folder: Path, day: Mapping[str, Any]
) -> tuple[Counter[str], Home]:
    """Serve the day undisturbed; return the points of serving that it reaches, and what it comes to."""
    home, database = folder / "done", databases.clone(served)
    _begin(folder / "base", home)
    (ended,) = template.run(Job("run", home, {**day, "serving": database.publisher}, listens=True))
    faults = [str(ended.answer)] if ended.error else databases.when_done(database, home)
    if faults:
        raise RuntimeError(f"serving, undisturbed: {faults}")
    databases.drop(database)
    return Counter(name for name in ended.reached if name.startswith(_OF_SERVING)), Home.of(home)


def _schema_points(template: Template, databases: Databases, folder: Path, report: Report) -> Counter[str]:
    """Let the making of the schema die; it is there whole or not at all, and can be made again."""
    died = Counter[str]()
    for point in (name for name in CRASH_POINTS if name.startswith("schema.")):
        database = databases.empty()
        job = Job("make_schema", folder, {"address": database.administrator}, crash_at=point)
        (ended,) = template.run(job)
        died[point] += ended.was_killed
        if not ended.was_killed:
            report.miss(f"schema, killed at {point}: it did not die there: {ended.answer}")
        told = {"address": database.administrator}
        (again,) = template.run(Job("make_schema", folder, told))
        (once_more,) = template.run(Job("make_schema", folder, told))
        if again.error or once_more.answer.get("changed"):
            report.miss(f"schema, killed at {point}: made again it says {again.answer}")
        databases.drop(database)
    return died


def _settled(template: Template, home: Path, work: Work, expected: Home) -> list[str]:
    """What is wrong after the run that followed; work that seals nothing leaves its rests to `repair`."""
    if work.does != "run" or work.refuses:
        _must(template, Job("repair", home))
    return when_done(home, expected)


def _times(
    reached: Counter[str], died: Counter[str], dice: random.Random, *, once: bool
) -> Iterator[tuple[str, int]]:
    for point, times in sorted(reached.items()):
        if not once:
            chosen = dice.sample(range(1, times + 1), min(times, _TIMES_EACH))
            yield from ((point, nth) for nth in sorted(chosen))
        elif point not in died:
            yield point, dice.randint(1, times)


def _begin(start: Path, home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(start, home, symlinks=True)


def _must(template: Template, job: Job) -> None:
    (ended,) = template.run(job)
    if ended.error:
        raise RuntimeError(f"{job.does}: {ended.answer}")
