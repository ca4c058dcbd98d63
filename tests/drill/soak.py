"""Sixty days unattended: on a fifth of them something goes wrong, and nobody is there to mend it.

Each day is tried three times in the night, as a scheduler does. At the time when a release is due the
day's is there, or an alert says that it is late; in the end every date is published, as if nothing had
happened, and what is kept on the disk has stopped growing with the days.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import dagster as dg
import sqlalchemy

from orchestration.lake.paths import Lake
from orchestration.outcomes import Code
from orchestration.publish.shelf import newest_of, pointed_id
from orchestration.publish.staleness import stale_releases
from orchestration.settings import Settings, SourceSettings
from orchestration.upkeep.dagster_home import dagster_folder
from orchestration.upkeep.due import late_release
from orchestration.upkeep.round import clean, watch_due
from tests.drill.databases import Database, Databases
from tests.drill.invariants import Home, after_a_death, when_done
from tests.drill.kills import workshop
from tests.drill.miniature import BROKEN, days
from tests.drill.report import Report, scaled
from tests.drill.template import Ended, Job, Template

DAYS = 60
FAULTY_SHARE = 0.2
_ATTEMPTS = 3
_KEEP_DAYS = 14
_SEED = 60
# A date takes a third of a second; a kill comes somewhere in it.
_KILL_WITHIN = 0.4
FAULTS = (
    "killed once",
    "killed twice",
    "source silent all night",
    "delivered a day late",
    "broken delivery, mended a day later",
    "delivered twice",
    "an old date corrected",
    "torn ledger",
    "no room on the disk",
    "serving database down",
)


@dataclass
class _Installation:
    """What stands through the days: the home, the source, the database, and what is still to be run."""

    template: Template
    databases: Databases
    database: Database
    home: Path
    report: Report
    dice: random.Random
    editions: dict[str, int] = field(default_factory=dict)
    unfinished: list[str] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)

    @property
    def settings(self) -> Settings:
        source = SourceSettings(connector="files")
        return Settings(home=self.home).model_copy(update={"source": source})

    def run(self, day: str, does: str = "run", kill_after: float | None = None, **told: object) -> Ended:
        """One attempt at one date; what it dies or ends of is counted and judged."""
        before = pointed_id(Lake(self.home))
        arguments = {"day": day, "editions": self.editions, "serving": self.database.publisher, **told}
        (ended,) = self.template.run(Job(does, self.home, arguments, kill_after=kill_after))
        if ended.was_killed:
            self.codes["killed"] += 1
            for fault in after_a_death(self.home, self._pointers(before, day), self._on_shelf(day)):
                self.report.miss(f"{day}, after a kill: {fault}")
        elif ended.error:
            self.codes[str(ended.answer["code"])] += 1
            if ended.answer["code"] == Code.INTERNAL:
                self.report.miss(f"{day}: {ended.answer}")
        return ended

    def _pointers(self, before: str, day: str) -> set[str]:
        newest = newest_of(Lake(self.home), date.fromisoformat(day))
        return {before, *({newest.release_id} if newest else ())}

    def _on_shelf(self, day: str) -> set[str]:
        return {folder.name for folder in Lake(self.home).releases_dir.iterdir() if folder.name[0] != "."}


def run(scale: float, report: Report) -> None:
    """Sixty days with their nights, then a look back."""
    count = scaled(DAYS, scale, least=12)
    with workshop() as folder, Template() as template, Databases() as databases:
        soak(template, databases, folder, count, report)


def soak(template: Template, databases: Databases, folder: Path, count: int, report: Report) -> None:
    """Go through `count` days; the counts tell how many were on time and how many marked as late."""
    home = folder / "soak"
    home.mkdir()
    dice = random.Random(_SEED)
    here = _Installation(template, databases, databases.clone(), home, report, dice)
    told = days(count)
    # The first days are quiet, so that there is something to go wrong with; the last, to end in peace.
    faulty = dict(zip(dice.sample(told[3:-2], round(FAULTY_SHARE * count)), _shuffled(dice), strict=False))
    sizes, n_events, on_time, late = [], [], 0, 0
    silent = {"telemetry": {"enabled": False}}
    with dg.DagsterInstance.local_temp(str(_dagster_folder(here)), overrides=silent) as instance:
        for number, day in enumerate(told):
            _night(here, day, faulty.get(day), told[:number])
            is_there = pointed_id(Lake(home)).startswith(day.isoformat())
            alerted = _alerted(here, day)
            on_time, late = on_time + is_there, late + (alerted and not is_there)
            if is_there == alerted:
                report.miss(f"{day} ({faulty.get(day)}): published {is_there}, alerted {alerted}")
            for fault in when_done(home, Home.of(home)):
                report.miss(f"{day} ({faulty.get(day)}): {fault}")
            n_events.append(_upkeep(here, instance, day))
            sizes.append(sum(path.stat().st_size for path in home.rglob("*") if path.is_file()))
    report.count("days", count, least=min(DAYS, count))
    report.count("days with a fault", len(faulty), least=round(FAULTY_SHARE * count))
    report.count("days published on time", on_time, note=f"ended by: {dict(here.codes)}")
    report.count("days late and marked so", late)
    report.count("days neither", count - on_time - late, exactly=0)
    _look_back(here, told, report)
    _bounded(sizes, n_events, count, report)


def _shuffled(dice: random.Random) -> list[str]:
    """Every fault before one comes again."""
    return [fault for _ in range(DAYS // len(FAULTS)) for fault in dice.sample(FAULTS, len(FAULTS))]


def _night(here: _Installation, day: date, fault: str | None, before: list[date]) -> None:
    """The source delivers what it delivers, and the date is tried up to three times."""
    name = day.isoformat()
    for old, edition in here.editions.items():
        # What was broken yesterday comes again whole.
        here.editions[old] = edition or 1
    arrives = fault not in ("source silent all night", "delivered a day late")
    here.unfinished.append(name)
    if arrives:
        # What did not come in its night comes in the next one.
        here.editions.update({one: here.editions.get(one, 1) for one in here.unfinished})
    if fault == "broken delivery, mended a day later":
        here.editions[name] = BROKEN
    if fault == "an old date corrected":
        old = here.dice.choice(before[-5:]).isoformat()
        here.editions[old] += 1
        here.unfinished.insert(0, old)
    if fault == "torn ledger":
        with Lake(here.home).ledger_file.open("ab") as ledger:
            ledger.write(b'{"actor":"')
    if fault == "serving database down":
        here.databases.stop()
    kills = {"killed once": 1, "killed twice": 2}.get(fault or "", 0)
    for attempt in range(_ATTEMPTS):
        if fault == "serving database down" and attempt == 1:
            here.databases.start()
        _attempt(here, fault if attempt == 0 else None, attempt < kills)
        if not here.unfinished:
            break
    if fault == "delivered twice":
        again = here.run(name)
        if again.answer.get("state") != "unchanged":
            here.report.miss(f"{name}, delivered twice: {again.answer}")


def _attempt(here: _Installation, fault: str | None, is_killed: bool) -> None:
    """One round of the scheduler: every date that is still to be run, then what has become stale."""
    silent = fault == "source silent all night"
    for name in list(here.unfinished):
        kill_after = here.dice.uniform(0.02, _KILL_WITHIN) if is_killed else None
        if fault == "no room on the disk":
            ended = here.run(name, "run_short_of_disk", most_bytes=here.dice.choice((500, 2_000, 4_000)))
        else:
            ended = here.run(name, kill_after=kill_after, editions={} if silent else here.editions)
        if ended.was_killed:
            return
        if not ended.error:
            here.unfinished.remove(name)
    for release, _ in stale_releases(Lake(here.home)):
        here.run(release.as_of.isoformat())


def _alerted(here: _Installation, day: date) -> bool:
    """Whether the watch, asked twice at the time a release is due, has told once that it is late."""
    due = datetime.combine(day + timedelta(days=1), time(6, 30), UTC)
    late = late_release(here.settings, due)
    watch_due(here.settings, due)
    watch_due(here.settings, due)
    file = here.home / "alerts.jsonl"
    keys = [json.loads(line)["key"] for line in file.read_text().splitlines()] if file.exists() else []
    told = keys.count(f"late:{due.date()}")
    if told > 1 or bool(told) != (late is not None):
        here.report.miss(f"{day}: told {told} times that the release is late")
    return bool(told)


def _upkeep(here: _Installation, instance: dg.DagsterInstance, day: date) -> int:
    """One run in Dagster's history, one round of cleaning, one of retention; return the events kept."""
    now = datetime.combine(day, time(7), UTC)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    result = _job.execute_in_process(instance=instance, run_config=quiet)
    with instance.run_storage.connect() as connection:  # type: ignore[attr-defined]
        # Dagster's clock is the machine's; the simulated one is this.
        connection.execute(
            sqlalchemy.text("update runs set create_timestamp = :at where run_id = :run_id"),
            {"at": now.replace(tzinfo=None).isoformat(sep=" ") + ".000000", "run_id": result.run_id},
        )
    settings = here.settings
    keep = settings.dagster.model_copy(update={"keep_run_days": _KEEP_DAYS})
    clean(instance, settings.model_copy(update={"dagster": keep}), now)
    (ended,) = here.template.run(Job("retire", here.home, {"keep_days": _KEEP_DAYS}))
    if ended.error:
        here.report.miss(f"{day}, retention: {ended.answer}")
    return instance.get_runs_count()


def _dagster_folder(here: _Installation) -> Path:
    folder = dagster_folder(here.settings)
    folder.mkdir()
    return folder


@dg.op
def _something() -> None:
    """What a day's run leaves in the history."""


@dg.job
def _job() -> None:
    _something()


def _look_back(here: _Installation, told: list[date], report: Report) -> None:
    """Every date is published, nothing is stale, and the last release is that of undisturbed days."""
    report.count("dates never published", len(here.unfinished), exactly=0)
    report.count("stale at the end", len(stale_releases(Lake(here.home))), exactly=0)
    home = here.home.with_name("undisturbed")
    for day in told:
        (ended,) = here.template.run(Job("run", home, {"day": day.isoformat(), "editions": here.editions}))
        if ended.error:
            raise RuntimeError(f"undisturbed, {day}: {ended.answer}")
    mine, other = _content(here.home, told), _content(home, told)
    differing = [day for day in mine if mine[day] != other[day]]
    report.count(
        "kept dates whose content differs from undisturbed days",
        len(differing),
        exactly=0,
        note=f"of {len(mine)} kept" + (f": {differing}" if differing else ""),
    )
    # Retention wrote into the ledger after the last publication; the next one brings it to the database.
    here.run(told[-1].isoformat())
    for fault in here.databases.when_done(here.database, here.home):
        report.miss(f"at the end: {fault}")


def _content(home: Path, told: list[date]) -> Mapping[date, str]:
    found = {day: newest_of(Lake(home), day) for day in told}
    return {day: one.content_hash for day, one in found.items() if one is not None}


def _bounded(sizes: list[int], n_runs: list[int], count: int, report: Report) -> None:
    """Growth once retention works, against what the first days, of which all is kept, add per day."""
    report.count("runs in Dagster's history at the end", n_runs[-1], most=_KEEP_DAYS + 1)
    if count < 3 * _KEEP_DAYS:
        return
    linear = (sizes[_KEEP_DAYS - 2] - sizes[1]) / (_KEEP_DAYS - 3)
    settled = (sizes[-1] - sizes[2 * _KEEP_DAYS]) / (count - 1 - 2 * _KEEP_DAYS)
    report.count(
        "daily growth of the disk, share of the growth without retention",
        settled / linear,
        most=0.3,
        note=f"{settled / 1e3:.0f} kB a day of {linear / 1e3:.0f} kB; {sizes[-1] / 1e6:.1f} MB at the end",
    )
