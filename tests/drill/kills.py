"""Killing: every crash point, then random times; after each the invariants, and the re-run's content.

A step is one business date of a script of new dates, corrections and repeated deliveries. The same script
was run undisturbed first; whatever is killed must end where that one did, to the byte.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.drill.databases import Databases
from tests.drill.invariants import Home, after_a_death, living_in_group, when_done
from tests.drill.miniature import days
from tests.drill.points import every_point, every_serving_point
from tests.drill.readers import Readers
from tests.drill.report import Report, scaled
from tests.drill.template import Ended, Job, Template

KILLS = 1_000
READS = 100_000
# A run that follows a death is itself killed this often.
_AGAIN = 0.5
_SCRIPT_DAYS = 16
_SEED = 20_240_131
# Where homes are built: in memory, because SIGKILL does not ask of a disk what a power cut asks.
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of ours is made in it


@dataclass(frozen=True)
class Step:
    """One delivery: the date that is run, and the editions that the source has by then."""

    day: str
    editions: dict[str, int]


@dataclass
class Undisturbed:
    """The script, and what a home came to after each of its steps."""

    steps: list[Step] = field(default_factory=list)
    homes: list[Home] = field(default_factory=list)
    seconds: float = 0.0


def script(count: int = _SCRIPT_DAYS, seed: int = _SEED) -> list[Step]:
    """New dates in order; in between an earlier one comes again, corrected or as it was."""
    dice, editions, steps = random.Random(seed), {}, []
    for number, day in enumerate(day.isoformat() for day in days(count)):
        editions[day] = 1
        steps.append(Step(day, dict(editions)))
        if number % 4 == 3:
            old = dice.choice(sorted(editions))
            editions[old] += dice.choice((0, 1, 1))
            steps.append(Step(old, dict(editions)))
    return steps


def undisturbed(template: Template, home: Path, steps: list[Step], serving: str | None = None) -> Undisturbed:
    """Run the script with nobody in its way."""
    done = Undisturbed(steps)
    for step in steps:
        ended = run_step(template, home, step, serving)
        if ended.error:
            raise RuntimeError(f"undisturbed, {step.day}: {ended.answer}")
        done.homes.append(Home.of(home))
        # The first steps warm up; what counts is how long the later ones take.
        done.seconds = ended.seconds if len(done.homes) < 3 else 0.8 * done.seconds + 0.2 * ended.seconds
    return done


def run_step(
    template: Template, home: Path, step: Step, serving: str | None = None, kill_after: float | None = None
) -> Ended:
    """Run one step in a process of its own, which may be killed."""
    told = {"day": step.day, "editions": step.editions, "serving": serving}
    return template.run(Job("run", home, told, kill_after=kill_after))[0]


@contextmanager
def workshop() -> Iterator[Path]:
    """Yield a folder in memory, where there is one, for homes."""
    folder = Path(tempfile.mkdtemp(prefix="stockplan-drill-", dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(scale: float, report: Report) -> None:
    """Every crash point, then a thousand random kills while somebody reads."""
    with workshop() as folder, Template() as template:
        every_point(template, folder / "points", report)
        _while_somebody_reads(template, folder / "files", scale, report, "files only")
        with Databases() as databases:
            every_serving_point(template, databases, folder / "serving points", report)
            _while_somebody_reads(
                template, folder / "served", scale, report, "files and PostgreSQL", databases
            )


def _while_somebody_reads(
    template: Template,
    folder: Path,
    scale: float,
    report: Report,
    what: str,
    databases: Databases | None = None,
) -> None:
    with Readers(folder) as readers:
        landed = random_kills(template, folder, scaled(KILLS, scale), report, readers, databases)
        found = readers.wait_for(scaled(READS, scale))
    report.count(f"random kills, {what}", landed, least=scaled(KILLS, scale))
    report.count(f"reads of all tables meanwhile, {what}", found.reads, least=scaled(READS, scale))
    report.count(f"mixed reads, {what}", found.mixed, exactly=0, note=f"{found.releases} releases seen")
    for fault in found.faults:
        report.miss(f"a reader found {fault}")


def random_kills(
    template: Template,
    folder: Path,
    kills: int,
    report: Report,
    readers: Readers | None = None,
    databases: Databases | None = None,
    steps: Sequence[Step] = (),
) -> int:
    """Go through the script again and again, killing each step at a random time; return the kills.

    With `databases` every release is served as well, each round from a database of its own.
    """
    dice, landed, faulty, rounds = random.Random(_SEED), 0, 0, 0
    served = databases.clone() if databases else None
    reference = undisturbed(
        template, folder / "undisturbed", list(steps) or script(), served.publisher if served else None
    )
    while landed < kills:
        rounds += 1
        home = folder / f"round-{rounds}"
        home.mkdir()
        last, served = served, databases.clone() if databases else None
        address = served.publisher if served else None
        if readers:
            readers.read(served.reader if served else home)
        if databases and last:
            databases.drop(last)
        for number, step in enumerate(reference.steps):
            if landed >= kills:
                break
            before = reference.homes[number - 1] if number else Home("", {}, frozenset())
            expected = reference.homes[number]
            faults: list[str] = []
            while landed < kills:
                ended = run_step(template, home, step, address, dice.uniform(0, 1.2 * reference.seconds))
                faults += [f"the run itself ended in {ended.answer}"] if ended.error else []
                if not ended.was_killed:
                    break
                landed += 1
                faults += [f"I5 process {one} lives on" for one in living_in_group(ended.pid)]
                faults += after_a_death(home, {before.pointer, expected.pointer}, expected.releases)
                if databases and served:
                    faults += databases.after_a_death(served, home, {before.pointer, expected.pointer})
                if dice.random() >= _AGAIN:
                    break
            ended = run_step(template, home, step, address)
            faults += [f"the run after it ended in {ended.answer}"] if ended.error else []
            faults += when_done(home, expected)
            if databases and served:
                faults += databases.when_done(served, home)
            faulty += bool(faults)
            for fault in faults:
                report.miss(f"round {rounds}, step {number} ({step.day}): {fault}")
        shutil.rmtree(folder / f"round-{rounds - 1}", ignore_errors=True)
    report.count("steps that did not converge", faulty, exactly=0, note=f"{rounds} rounds of the script")
    return landed
