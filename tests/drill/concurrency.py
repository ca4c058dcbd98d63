"""Many at once, twice and in any order: one release per delivery, and the same state in the end."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

from orchestration.lake.ledger import Ledger
from orchestration.lake.manifests import sealed_snapshots
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import pointed_id, releases
from tests.drill.invariants import Home, when_done
from tests.drill.kills import workshop
from tests.drill.miniature import days
from tests.drill.report import Report, scaled
from tests.drill.template import Ended, Job, Template

TRIGGERS = 8
ROUNDS = 25
BACKFILL_DAYS = 30
_SEED = 7
# For a month of dates in one process.
_PATIENCE = 900.0


def run(scale: float, report: Report) -> None:
    """Triggers at once, repeated deliveries, every order of arrival, a backfill beside the day."""
    with workshop() as folder, Template() as template:
        triggers(template, folder / "triggers", scaled(ROUNDS, scale), report)
        orders(template, folder / "orders", scaled(24, scale), report)
        backfill(template, folder / "backfill", scaled(BACKFILL_DAYS, scale, least=3), report)


def triggers(template: Template, folder: Path, rounds: int, report: Report) -> None:
    """Eight processes run the same date at once, then once more; one release comes of it."""
    told = [day.isoformat() for day in days(rounds)]
    editions = dict.fromkeys(told, 1)
    ended: list[Ended] = []
    for day in told:
        job = Job("run", folder, {"day": day, "editions": editions})
        ended += template.run(*[job] * TRIGGERS)
        # Delivered again, and triggered again by two at once.
        ended += template.run(*[job] * 2)
    published = [one for one in ended if one.answer.get("state") == "published"]
    errors = [one.error for one in ended if one.error]
    lake = Lake(folder)
    report.count(
        "releases published by concurrent triggers",
        len(published),
        exactly=rounds,
        note=f"{rounds} dates, {TRIGGERS} triggers at once each, then 2 repeated",
    )
    report.count("releases on the shelf", len(releases(lake)), exactly=rounds)
    report.count("sealed versions", len(sealed_snapshots(lake)), exactly=rounds)
    report.count(
        "triggers turned away as already running",
        sum(one == "AlreadyRunningError" for one in errors),
        note=f"{sum(one.answer.get('state') == 'unchanged' for one in ended)} found nothing new",
    )
    report.count("other errors", sum(one != "AlreadyRunningError" for one in errors), exactly=0)
    for fault in when_done(folder, Home.of(folder)):
        report.miss(f"after concurrent triggers: {fault}")


def orders(template: Template, folder: Path, count: int, report: Report) -> None:
    """Four dates arrive in every order; when the stale ones were run again, all homes are the same."""
    told = [day.isoformat() for day in days(4)]
    ways = list(permutations(told))
    # In order first; a slice takes others at random.
    ways = [ways[0], *random.Random(_SEED).sample(ways[1:], min(count, len(ways)) - 1)]
    ends = []
    for number, way in enumerate(ways):
        home = folder / str(number)
        ends.append(_arrived(template, home, way, told, report))
        shutil.rmtree(home)
    report.count("orders of arrival", len(ways), exactly=min(count, 24))
    report.count("final states of them", len({repr(end) for end in ends}), exactly=1)


def _arrived(
    template: Template, home: Path, way: Sequence[str], told: Sequence[str], report: Report
) -> tuple[str, list[tuple[str, str]]]:
    """Let the dates arrive in this order; return the current content and the newest content of each date."""
    there: dict[str, int] = {}
    newest_so_far = ""
    for day in way:
        there[day] = 1
        (ended,) = template.run(Job("run", home, {"day": day, "editions": there}))
        if ended.error:
            report.miss(f"arriving {way}, {day}: {ended.answer}")
        newest_so_far = max(newest_so_far, day)
        if not pointed_id(Lake(home)).startswith(newest_so_far):
            report.miss(f"arriving {way}: after {day} CURRENT names {pointed_id(Lake(home))}")
    (ended,) = template.run(Job("run_stale", home, {"editions": there}))
    if ended.error:
        report.miss(f"arriving {way}, stale dates: {ended.answer}")
    for fault in when_done(home, Home.of(home)):
        report.miss(f"arriving {way}: {fault}")
    lake = Lake(home)
    newest = {one.as_of.isoformat(): one.content_hash for one in releases(lake)}
    current = pointed_id(lake)
    if not current.startswith(max(told)) or not Ledger(lake.ledger_file).verify().is_intact:
        report.miss(f"arriving {way}: CURRENT names {current}")
    return newest.get(max(told), ""), sorted(newest.items())


def backfill(template: Template, folder: Path, count: int, report: Report) -> None:
    """Old dates come corrected and are run beside the day; the day is what it is without them."""
    told = [day.isoformat() for day in days(count + 2)]
    editions = dict.fromkeys(told, 1)
    base = folder / "base"
    (ended,) = template.run(
        Job("run_all", base, {"days": told[:-1], "editions": editions}, patience=_PATIENCE)
    )
    if ended.error:
        raise RuntimeError(f"before the backfill: {ended.answer}")
    alone, beside = folder / "alone", folder / "beside"
    for home in (alone, beside):
        shutil.copytree(base, home, symlinks=True)
    day = Job("run", alone, {"day": told[-1], "editions": editions})
    (undisturbed,) = template.run(day)
    # All but the last of them, which the day reads; each comes with other content than before.
    corrected = {**editions, **dict.fromkeys(told[:count], 2)}
    ended_day, ended_old = template.run(
        Job("run", beside, {"day": told[-1], "editions": editions}),
        Job("run_all", beside, {"days": told[:count], "editions": corrected}, patience=_PATIENCE),
    )
    for one in (undisturbed, ended_day, ended_old):
        if one.error:
            report.miss(f"backfill: {one.answer}")
    release_id = str(undisturbed.answer.get("release_id"))
    wanted, found = Home.of(alone).files, Home.of(beside).files
    mine = {name for name in wanted if name.startswith(f"{release_id}/")}
    report.count("dates corrected beside the day", len(ended_old.answer.get("ran", [])), exactly=count)
    report.count(
        "tables of the day that differ by a byte",
        sum(found.get(name) != wanted[name] for name in mine),
        exactly=0,
        note=f"of {len(mine)}; {undisturbed.seconds:.2f} s alone, {ended_day.seconds:.2f} s beside",
    )
    report.count("pointer moved away", int(pointed_id(Lake(beside)) != release_id), exactly=0)
    for fault in when_done(beside, Home.of(beside)):
        report.miss(f"backfill: {fault}")
